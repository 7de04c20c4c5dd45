# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_summary
short_description: Summarize a run of the playbook site, verify, reprofile or drain
version_added: 1.0.0
description:
  - Returns how many hosts are unchanged, changed, in use, waiting for a reboot, not compared, not started, and
    rejected or failed. One line follows for each step and error. Hosts with the same steps or errors share their lines.
  - A host is in use if it differs only in cards and devices that guests use. A host is not compared if tasks were
    skipped, for example with C(--tags). A host is not started if the playbook C(reprofile) stopped before its turn.
  - A step names the card with its model, and the mode or type before and after. Users that prevent a change are named,
    and services that need a restart.
author:
  - vfio.devices contributors (@vfio-devices)
positional: hostvars, reached, check_mode
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
  reached:
    description: The hosts that have not failed. Hosts with C(vfio_failure) count as failed.
    type: list
    elements: str
    required: true
  check_mode:
    description: Whether the steps are predictions.
    type: bool
    default: false
seealso:
  - plugin: vfio.devices.drift
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what has changed
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | vfio.devices.fleet_summary(hostvars, ansible_play_hosts) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "10 hosts: 9 unchanged, 1 changed"
    - "gpu7 (changed): 0000:3b:00.0 (10de:1eb8): created 8 devices of type GRID T4-2Q"
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.summary import fleet_summary


class FilterModule:
    """Filter plugin fleet_summary."""

    def filters(self):
        return {"fleet_summary": fleet_summary}
