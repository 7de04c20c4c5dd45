# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cloud_login
short_description: Describe the login of a host to OpenStack without secrets
version_added: 1.0.0
description:
  - Returns the variables that select a cloud. Hosts with the same result use the same cloud, so one of them can send
    the requests of all.
options:
  _terms:
    description: Prefixes of the variables, such as V(placement) for C(placement_cloud). The first one takes precedence.
    type: list
    elements: str
    required: true
author:
  - vfio.devices contributors (@vfio-devices)
seealso:
  - module: vfio.devices.placement_inventory
"""

EXAMPLES = r"""
- name: Report the cloud of the host
  ansible.builtin.debug:
    msg: "{{ query('vfio.devices.cloud_login', 'report', 'placement') | first }}"
"""

RETURN = r"""
_raw:
  description:
    - One dictionary with the name in C(clouds.yaml), the addresses of Keystone and of an endpoint without Keystone, the
      region and the interface. Each value is empty if its variable is not set.
  type: list
  elements: dict
  sample: [{cloud: production, auth: ["", ""], region_name: "", interface: internal}]
"""

from ansible.plugins.lookup import LookupBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cloud_login import cloud_login
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables


class LookupModule(LookupBase):
    """Lookup plugin that describes a login."""

    def run(self, terms, variables=None, **options):
        """Return the login as the only element."""
        return [cloud_login(Variables(self._templar, variables or {}), terms)]
