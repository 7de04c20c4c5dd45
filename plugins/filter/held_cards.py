# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: held_cards
short_description: List cards in use with their users
version_added: 1.0.0
description:
  - Returns the users of the cards of a plan, of their virtual functions and of their devices.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
positional: facts
options:
  facts:
    description: RV(vfio.devices.mdev_facts#module:ansible_facts.mdev) of the host, with V(users).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show who is on the cards
  ansible.builtin.debug:
    msg: "{{ plan | vfio.devices.held_cards(ansible_facts.mdev) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each device in use, by card. Free cards are omitted.
  type: dict
  sample:
    "0000:3b:00.0": [83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 is in use by guest web1 (pid 4242, qemu-system-x86)]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards_in_use import held_cards


class FilterModule:
    """Filter plugin held_cards."""

    def filters(self):
        return {"held_cards": held_cards}
