# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options of all modules that access OpenStack Placement."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - Name of a cloud in C(clouds.yaml), or a dictionary with the content of its entry. If it is a dictionary, omit
        all other connection options.
      - The default is the environment variables C(OS_*), including C(OS_CLOUD).
      - Messages name the role variables, such as C(placement_cloud) and C(placement_auth).
    type: raw
  auth_type:
    description: Name of the authentication plugin. The default is V(password).
    type: str
  auth:
    description:
      - Options of the authentication plugin, such as C(auth_url), C(username), C(password), C(project_name),
        C(user_domain_name) and C(project_domain_name).
      - The token must be for a project. Placement rejects a token for the system.
    type: dict
  region_name:
    description: Name of the region.
    type: str
  interface:
    description: Endpoint of the service catalog.
    type: str
    choices: [admin, internal, public]
    default: public
  validate_certs:
    description: Whether to verify TLS certificates. The default is the configuration of the cloud.
    type: bool
    aliases: [verify]
  ca_cert:
    description: Path of a bundle of CA certificates.
    type: str
    aliases: [cacert]
  client_cert:
    description: Path of a client certificate.
    type: str
    aliases: [cert]
  client_key:
    description: Path of the key of the client certificate.
    type: str
    aliases: [key]
  api_timeout:
    description:
      - Maximum seconds for each response, from the name resolution to the last byte, from 0.1 to 86400. The login has
        the same limit.
      - The default is the value in the configuration of the cloud, or else 60.
    type: raw
  tries:
    description:
      - Maximum number of tries of a request, if Placement does not answer, has an internal error, or another client
        changes the same provider. Before each new write, the provider is read and planned again.
      - A whole number from 1 to 100.
    type: raw
    default: 10
  timeout:
    description:
      - Maximum seconds for all requests of the task, including retries and pauses, from 0.1 to 86400. Afterwards no
        request is sent, and the result lists the completed changes.
      - Pauses that Placement requests (C(Retry-After)) are respected, up to the remaining time.
    type: raw
    default: 3600
requirements:
  - openstacksdk >= 1.0.0
  - Placement with API version 1.26 or newer (OpenStack Rocky)
notes:
  - Run it on the controller or in an execution environment, with C(delegate_to=localhost) or C(connection=local). The
    module does not connect to the hosts of the providers.
"""
