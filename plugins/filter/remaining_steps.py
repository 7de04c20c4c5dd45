# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: remaining_steps
short_description: List the steps that the playbook site leaves to the user
version_added: 1.0.0
description:
  - Returns sentences about service configurations that are not written, and about hosts that must reboot.
  - Profiles that select no card are ignored, and so are hosts with C(vfio_failure).
author:
  - vfio.devices contributors (@vfio-devices)
positional: hostvars, check_mode
options:
  _input:
    description: Names of the hosts of the play.
    type: list
    elements: str
    required: true
  hostvars:
    description: Their variables, with the registered results of the roles.
    type: dict
    required: true
  check_mode:
    description: Whether the playbook runs in check mode.
    type: bool
    default: false
seealso:
  - plugin: vfio.devices.fleet_summary
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report remaining steps
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | vfio.devices.remaining_steps(hostvars, ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
  sample:
    - "gpu7: reboot required. Its kernel was started without iommu=pt."
    - "Reboot this host, then run site again. Set `iommu_reboot: true` to have site reboot this host."
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.remaining_steps import remaining_steps


class FilterModule:
    """Filter plugin remaining_steps."""

    def filters(self):
        return {"remaining_steps": remaining_steps}
