# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: placement_tree
short_description: Describe the cards of a host as providers for Placement
version_added: 1.0.0
description:
  - Turns the plan of a host into the list that O(vfio.devices.placement_inventory#module:providers) takes.
  - Nothing is counted twice. For cards of nova and Cyborg there are only the custom traits of their profile, on the
    providers that these services make themselves. Where they have not made them yet, the module leaves them out with a
    warning. A card of owner V(none) gets a provider of its own.
  - All that cannot be is found at once, each with its profile and card.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
  - vfio.devices._plan.root
positional: root
options:
  shape:
    description:
      - The shape of all providers. Without it each card has that of its owner.
      - With V(nova) there are the providers of mediated devices, such as C(compute1_pci_0000_84_00_0), one for each
        parent. PCI devices have none, because nova replaces all traits there. Name these in its C(device_spec).
      - With V(cyborg) there are providers such as C(compute1_0000:84:00.0) for GPUs of NVIDIA. See O(cyborg_agent).
      - With V(own) each card has one such as C(compute1_vfio_0000:84:00.0), with the resource class of its profile.
        Without one it is C(CUSTOM_VGPU) for vGPUs, C(CUSTOM_MDEV) for other mediated devices, or for example
        C(CUSTOM_PCI_10DE_1EB8), as nova has it, for whole cards and virtual functions. Beside the traits of the profile
        it gets one for the NUMA node such as C(CUSTOM_NUMA_0), and one for the type such as
        C(CUSTOM_VFIO_TYPE_GRID_T4_2B).
    type: str
    choices: [nova, cyborg, own]
  cyborg_agent:
    description:
      - Whether cyborg-agent runs on the host and makes the providers of owner V(cyborg).
      - Without it they are made in the very shape that Cyborg gives them, with the trait C(OWNER_CYBORG) and one for
        the type such as C(CUSTOM_NVIDIA_1EB8_T4_2B). C(VGPU) has the number of vGPUs of the card, and a card without a
        type is one C(PGPU).
    type: bool
    default: true
  cyborg_host:
    description: Host name in the names of Cyborg's providers, if it is not O(root).
    type: str
  exact_names:
    description:
      - Name the types in traits exactly as Cyborg does, from the second word of the name alone. What is no valid trait
        then is refused.
      - Otherwise all words after the brand count, so that C(NVIDIA RTX Pro 6000 Blackwell DC-4Q) and its sisters do not
        all end in C(_RTX). For names of two words that makes no difference.
    type: bool
    default: false
  drain:
    description:
      - Cards of which no new guest shall get anything, by name, or V(true) for all.
      - Cards whose inventory is that of nova or Cyborg cannot be drained in Placement, and are refused.
    type: raw
    default: false
  traits_mode:
    description:
      - What O(vfio.devices.placement_inventory#module:traits_mode) will be.
      - With V(exact) the providers of nova and Cyborg are listed too when their profile has no traits, so that others
        are removed.
    type: str
    choices: [exact, add]
  root_optional:
    description:
      - Whether the root may be missing in Placement. The host is then left out with a warning.
      - If V(false), M(vfio.devices.placement_inventory) refuses a host whose root is missing, unless the plan has no
        cards.
    type: bool
    default: true
  preview:
    description:
      - Describe a card also if the number of its devices is not known yet, because its virtual functions do not exist
        yet. Its resource class has the largest total of Placement.
      - For a call of M(vfio.devices.placement_inventory) in check mode, before the cards are changed.
    type: bool
    default: false
seealso:
  - plugin: vfio.devices.placement_inventory
    plugin_type: module
"""

EXAMPLES = r"""
- name: Publish the cards of a host
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers: >-
      {{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.placement_tree(inventory_hostname) }}
  delegate_to: localhost

- name: Show what a host without cyborg-agent offers in the shape of Cyborg
  ansible.builtin.debug:
    msg: >-
      {{ profiles | vfio.devices.resolve(ansible_facts.mdev)
         | vfio.devices.placement_tree(inventory_hostname, shape='cyborg', cyborg_agent=false) }}
"""

RETURN = r"""
_value:
  description:
    - For O(vfio.devices.placement_inventory#module:providers). The first one is the root, which is only looked up.
  type: list
  elements: dict
  sample:
    - name: compute1
      optional: true
    - name: compute1_vfio_0000:41:00.0
      parent: compute1
      inventories: {CUSTOM_PCI_8086_1889: {total: 8}}
      traits: [CUSTOM_NUMA_0]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.tree import placement_tree


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"placement_tree": placement_tree}
