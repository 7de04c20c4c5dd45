# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: refusals
short_description: Return the errors of another filter as a list
version_added: 1.0.0
description:
  - Runs another filter and returns its errors instead of failing. Ansible adds text to the error of a filter, and some
    versions show it three times. The roles fail with the returned errors only.
author:
  - vfio.devices contributors (@vfio-devices)
positional: name
options:
  _input:
    description: Input of the other filter. All further arguments are passed to it.
    type: raw
    required: true
  name:
    description: Name of the other filter.
    type: str
    choices: [resolve, nova_config, provider_config, cyborg_config, placement_tree]
    required: true
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Fail if the profiles do not fit
  ansible.builtin.fail:
    msg: "{{ problems | join('\\n') }}"
  when: problems | length > 0
  vars:
    problems: "{{ profiles | vfio.devices.refusals('resolve', ansible_facts.mdev) }}"
    profiles:
      - {name: ports, select: "class == '0200' && numa_node == `1`", mode: vf, num_vfs: 8}
"""

RETURN = r"""
_value:
  description: The lines of the error, empty if the other filter accepts its input.
  type: list
  elements: str
  sample: ["vfio_profiles cannot be used on this host:", "profile t4: select is missing"]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.refusals import refusals


class FilterModule:
    """Filter plugin refusals."""

    def filters(self):
        return {"refusals": refusals}
