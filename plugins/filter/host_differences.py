# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_differences
short_description: List differences of a host and their remedies
version_added: 1.0.0
description:
  - Returns one line for each difference, as P(vfio.devices.drift#filter) does, then one line for each remedy.
  - The playbook C(verify) uses the result.
author:
  - vfio.devices contributors (@vfio-devices)
positional: settings
options:
  _input:
    description:
      - Registered results of the roles in check mode, by a name for each result.
      - The result C(iommu) is what the kernel lacks, from P(vfio.devices.kernel_requirements#filter). The result
        C(placement) is that of P(vfio.devices.placement_inventory#module) for all hosts.
    type: dict
    required: true
  settings:
    description: Variables of the host that the remedies name.
    type: dict
    required: true
    suboptions:
      manual_arguments:
        description: Missing kernel arguments that the user configures.
        type: list
        elements: str
        default: []
      undeployed:
        description: Settings that kolla-ansible has not deployed.
        type: list
        elements: str
        default: []
      nova_host:
        description: Host of the nova configuration.
        type: str
      nova_path:
        description: Path of the nova configuration.
        type: str
      nova_service:
        description: Unit of nova-compute.
        type: str
      cyborg_service:
        description: Unit of cyborg-agent.
        type: str
      providers:
        description: Providers of the host, with its root first.
        type: list
        elements: dict
        default: []
      unexpected:
        description: Providers of the host in Placement without a card.
        type: list
        elements: dict
        default: []
seealso:
  - plugin: vfio.devices.drift
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Fail if the modes of cards differ
  ansible.builtin.fail:
    msg: "{{ found | join('\n') }}"
  when: found | length > 0
  vars:
    found: "{{ {'modes': sriov_result} | vfio.devices.host_differences({}) }}"
"""

RETURN = r"""
_value:
  description: The lines, empty without differences.
  type: list
  elements: str
  sample:
    - "modes: 0000:41:00.0 num_vfs: 4 -> 8"
    - Run the playbook site to correct this.
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.host_differences import host_differences


class FilterModule:
    """Filter plugin host_differences."""

    def filters(self):
        return {"host_differences": host_differences}
