# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drainable_cards
short_description: List the cards of a plan whose inventories this collection writes
version_added: 1.0.0
description:
  - Returns the cards that can be drained in Placement. nova-compute and cyborg-agent write the inventories of the other
    cards themselves.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
positional: cyborg_agent
options:
  cyborg_agent:
    description: Whether cyborg-agent runs on the host, as in the variable C(placement_cyborg_agent).
    type: bool
    default: true
seealso:
  - plugin: vfio.devices.placement_tree
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the cards that can be drained
  ansible.builtin.debug:
    msg: "{{ plan | vfio.devices.drainable_cards }}"
"""

RETURN = r"""
_value:
  description: Names of the cards.
  type: list
  elements: str
  sample: ["0000:3b:00.0"]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_tree import drainable_cards


class FilterModule:
    """Filter plugin drainable_cards."""

    def filters(self):
        return {"drainable_cards": drainable_cards}
