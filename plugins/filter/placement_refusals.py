# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: placement_refusals
short_description: Assign the errors of a call for many hosts to these hosts
version_added: 1.0.0
description:
  - One call of M(vfio.devices.placement_inventory) publishes the providers of many hosts. If it fails, this filter
    returns the errors of each host's providers, so other hosts can continue.
  - General errors, such as a failed login, are in none of the lists.
author:
  - vfio.devices contributors (@vfio-devices)
positional: requests
options:
  _input:
    description: Result of M(vfio.devices.placement_inventory).
    type: dict
    required: true
  requests:
    description:
      - The providers by host, as P(vfio.devices.placement_tree#filter) returns them. All of them together, in this
        order, are O(vfio.devices.placement_inventory#module:providers) of the call.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.placement_tree
    plugin_type: filter
  - plugin: vfio.devices.placement_inventory
    plugin_type: module
"""

EXAMPLES = r"""
- name: Fail if Placement rejects the host
  ansible.builtin.fail:
    msg: "{{ refused[inventory_hostname] | join('\\n') }}"
  when: inventory_hostname in refused
  vars:
    refused: "{{ result | vfio.devices.placement_refusals(trees) }}"
"""

RETURN = r"""
_value:
  description: The errors by host. Hosts without an error are not listed.
  type: dict
  sample:
    compute1: ["compute1_vfio_0000:41:00.0: Placement knows no trait HW_FAST; correct it, or let it begin with CUSTOM_"]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.placement_refusals import placement_refusals


class FilterModule:
    """Filter plugin placement_refusals."""

    def filters(self):
        return {"placement_refusals": placement_refusals}
