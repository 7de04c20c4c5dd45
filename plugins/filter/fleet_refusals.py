# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_refusals
short_description: Report errors that many hosts have in common once
version_added: 1.0.0
description:
  - Converts the errors of each host to one text for each host. Among hosts with the same errors, the text of the first
    host contains the errors and the names of the hosts. The texts of the other hosts refer to the first host.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description: Result of P(vfio.devices.refusals#filter) for each host, by the name of the host.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.refusals
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the errors
  ansible.builtin.debug:
    msg: "{{ {'gpu1': errors, 'gpu2': errors} | vfio.devices.fleet_refusals }}"
  vars:
    errors: ["vfio_profiles cannot be used on this host:", "profile t4: select is missing"]
"""

RETURN = r"""
_value:
  description: The text of each host that has errors, by the name of the host.
  type: dict
  sample: {gpu2: "vfio_profiles has the same errors on this host as on gpu1. See gpu1."}
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import fleet_refusals


class FilterModule:
    """Filter plugin fleet_refusals."""

    def filters(self):
        return {"fleet_refusals": fleet_refusals}
