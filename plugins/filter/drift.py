# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
short_description: List differences from the desired state, from results of check mode
version_added: 1.0.0
description:
  - Converts the results of tasks in check mode to one line for each difference, with the current and the declared
    value. Only differences count, even if the task reports a change.
  - Devices and cards in use are listed with their users.
  - Providers of this collection without a card are listed with the steps to remove them.
  - For a failed task, its problems are listed. Skipped tasks are ignored.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description: Registered results, by a name for each result.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the virtual functions of the card
  vfio.devices.sriov_pf_mode:
    functions: [{pf: "0000:41:00.0", mode: vf, num_vfs: 8}]
  check_mode: true
  register: modes

- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ {'modes': modes} | vfio.devices.drift }}"
"""

RETURN = r"""
_value:
  description: One line for each difference, empty without differences.
  type: list
  elements: str
  sample: ["modes: 0000:41:00.0 num_vfs: 4 -> 8"]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.check_mode import drift


class FilterModule:
    """Filter plugin drift."""

    def filters(self):
        return {"drift": drift}
