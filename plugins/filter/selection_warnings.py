# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: selection_warnings
short_description: Find profiles that select no card or different cards in a fleet
version_added: 1.0.0
description:
  - Finds mistakes that are only visible with all hosts of a fleet.
  - Examples are a profile that selects no card on any of its hosts, and a list of addresses that selects different
    models. Hosts without C(vfio_profiles) are also reported.
author:
  - vfio.devices contributors (@vfio-devices)
positional: with_profiles
options:
  _input:
    description: Result of P(vfio.devices.selection#filter) for each host, by the name of the host.
    type: dict
    required: true
  with_profiles:
    description: Other hosts of the inventory, which have C(vfio_profiles).
    type: list
    elements: str
    default: []
seealso:
  - plugin: vfio.devices.selection
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Warn about profiles that select no card
  ansible.builtin.debug:
    msg: "{{ {inventory_hostname: selected} | vfio.devices.selection_warnings }}"
  vars:
    selected: "{{ vfio_profiles | vfio.devices.selection(ansible_facts.mdev) }}"
"""

RETURN = r"""
_value:
  description: One or two sentences for each mistake, empty without mistakes.
  type: list
  elements: str
  sample:
    - "vfio_profiles is empty or not set for web1, so nothing is configured there."
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import selection_warnings


class FilterModule:
    """Filter plugin selection_warnings."""

    def filters(self):
        return {"selection_warnings": selection_warnings}
