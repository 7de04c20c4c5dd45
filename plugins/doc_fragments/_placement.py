# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that talks to OpenStack Placement."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - Name of a cloud in C(clouds.yaml), or a dictionary with all that would be written there. With a dictionary
        all other options of the connection are left out.
      - Without it the variables C(OS_*) of the environment, and C(OS_CLOUD) among them, are used.
    type: raw
  auth_type:
    description: Name of the authentication plugin, V(password) where nothing else is said.
    type: str
  auth:
    description:
      - What the authentication plugin needs, such as C(auth_url), C(username), C(password), C(project_name),
        C(user_domain_name) and C(project_domain_name).
      - The token must be for a project. Placement refuses one for the system.
    type: dict
  region_name:
    description: Name of the region.
    type: str
  interface:
    description: Which endpoint of the service catalog is used.
    type: str
    choices: [admin, internal, public]
    default: public
  validate_certs:
    description: Whether TLS certificates are verified. Without it, what the configuration of the cloud says.
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
      - Seconds for each answer, from the look-up of the name of the server to the last byte, from 0.1 to 86400.
        The login has as long.
      - The default is the value in the configuration of the cloud, or else 60.
    type: raw
  tries:
    description:
      - How often a request is made at most, when Placement does not answer or has an internal error. What could not be
        written, also because others write to the same provider, is read and planned again each time.
      - A whole number from 1 to 100.
    type: raw
    default: 10
  timeout:
    description:
      - Seconds for all requests of the task together, repeated ones and pauses included, from 0.1 to 86400. No request
        is sent after it. The result says what was done before.
      - If Placement asks for a pause (C(Retry-After)), it gets it, unless that is longer than what is left.
    type: raw
    default: 3600
requirements:
  - openstacksdk >= 1.0.0
  - Placement with API version 1.26 or newer (OpenStack Rocky)
notes:
  - Run it on the controller or in an execution environment, with C(delegate_to=localhost) or C(connection=local).
    Nothing is done on the hosts that the providers stand for.
"""
