# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: selection
short_description: List the cards that each profile selects on a host
version_added: 1.0.0
description:
  - Returns the selected cards of each profile on a host, with the model of each card. Invalid profiles are skipped,
    because P(vfio.devices.resolve#filter) reports their errors.
  - The results of all hosts are the input of P(vfio.devices.selection_warnings#filter).
author:
  - vfio.devices contributors (@vfio-devices)
requirements:
  - jmespath
positional: facts
options:
  _input:
    description: The profiles. The role vfio.devices.vfio describes all keys.
    type: list
    elements: dict
    required: true
  facts:
    description: RV(vfio.devices.mdev_facts#module:ansible_facts.mdev) of the host.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.selection_warnings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which cards each profile selects
  ansible.builtin.debug:
    msg: "{{ vfio_profiles | vfio.devices.selection(ansible_facts.mdev) }}"
"""

RETURN = r"""
_value:
  description: Selected cards of each profile.
  type: dict
  contains:
    declared:
      description: Whether there is any profile.
      type: bool
      sample: true
    valid:
      description: Whether all profiles are valid.
      type: bool
      sample: true
    cards:
      description: Vendor and product of each card of the host, by its name.
      type: dict
      sample: {"0000:3b:00.0": "10de:1eb8"}
    profiles:
      description:
        - Each profile with its C(name), C(owner) and C(select), and its C(cards) as above.
        - C(missing) contains the names in a list that the host lacks, and C(lacks) is a sentence about them.
      type: list
      elements: dict
      sample:
        - name: desktops
          owner: nova
          select: "product_id == '1eb8'"
          cards: {"0000:3b:00.0": "10de:1eb8"}
          missing: []
          lacks: ""
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import selection


class FilterModule:
    """Filter plugin selection."""

    def filters(self):
        return {"selection": selection}
