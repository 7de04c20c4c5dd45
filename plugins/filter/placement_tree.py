# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: placement_tree
short_description: Convert the cards of a host to providers for Placement
version_added: 1.0.0
description:
  - Converts the plan of a host to the list for O(vfio.devices.placement_inventory#module:providers).
  - No device is counted twice. Cards of nova and Cyborg only get the custom traits of their profile, on the providers
    of these services. The module skips missing providers of these services with a warning. A card of owner V(none) gets
    its own provider.
  - The error lists all conflicts, each with its profile and card.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
  - vfio.devices._plan.root
positional: root
options:
  shape:
    description:
      - Shape of all providers. The default is the shape of each card's owner.
      - If V(nova), each parent of mediated devices has a provider, such as C(compute1_pci_0000_84_00_0). PCI devices
        have none, because nova replaces all their traits. Put these traits in C(device_spec) of nova.
      - If V(cyborg), each NVIDIA GPU has a provider such as C(compute1_0000:84:00.0). See O(cyborg_agent).
      - If V(own), each card has a provider such as C(compute1_vfio_0000:84:00.0), with the resource class of its
        profile. The default class is C(CUSTOM_VGPU) for vGPUs, C(CUSTOM_MDEV) for other mediated devices, and for
        example C(CUSTOM_PCI_10DE_1EB8), as in nova, for cards and virtual functions. The provider has the
        traits of the profile. It also has a trait for the NUMA node such as C(CUSTOM_NUMA_0), and one for the type such
        as C(CUSTOM_VFIO_TYPE_GRID_T4_2B).
    type: str
    choices: [nova, cyborg, own]
  cyborg_agent:
    description:
      - Whether cyborg-agent runs on the host and creates the providers of owner V(cyborg).
      - If V(false), this collection creates them in the shape of Cyborg, with the trait C(OWNER_CYBORG) and a trait for
        the type such as C(CUSTOM_NVIDIA_1EB8_T4_2B). C(VGPU) has the number of vGPUs of the card, and a card without a
        type is one C(PGPU).
    type: bool
    default: true
  cyborg_host:
    description: Host name in the names of Cyborg's providers. The default is O(root).
    type: str
  exact_names:
    description:
      - Whether traits use the exact type names of Cyborg, which only contain the second word of the name. Invalid
        traits are rejected.
      - If V(false), traits contain all words after the brand, so C(NVIDIA RTX Pro 6000 Blackwell DC-4Q) and similar
        types do not all end in C(_RTX). For names of two words the result is the same.
    type: bool
    default: false
  drain:
    description:
      - Names of the cards to drain, or V(true) for all cards.
      - Cards whose inventory nova or Cyborg writes cannot be drained in Placement, and are rejected.
    type: raw
    default: false
  traits_mode:
    description:
      - Value of O(vfio.devices.placement_inventory#module:traits_mode).
      - If V(exact), providers of nova and Cyborg are also listed if their profile has no traits, so other traits are
        removed.
    type: str
    choices: [exact, add]
  root_optional:
    description:
      - Whether the root may be missing in Placement. The host is then skipped with a warning.
      - If V(false), M(vfio.devices.placement_inventory) rejects a host whose root is missing, unless the plan has no
        cards.
    type: bool
    default: true
  preview:
    description:
      - Whether to list a card whose number of devices is unknown, because its virtual functions do not exist yet. Its
        resource class has the largest total of Placement.
      - For a call of M(vfio.devices.placement_inventory) in check mode, before the cards are changed.
    type: bool
    default: false
  cards:
    description:
      - Names of the cards to publish. The default is all cards of the plan.
      - If set, M(vfio.devices.placement_inventory) does not search for providers of missing cards.
    type: list
    elements: str
  former_root:
    description:
      - UUID of the root below which the host was published before, for
        O(vfio.devices.placement_inventory#module:providers[].former_root).
    type: str
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

- name: Show the providers in the shape of Cyborg
  ansible.builtin.debug:
    msg: >-
      {{ profiles | vfio.devices.resolve(ansible_facts.mdev)
         | vfio.devices.placement_tree(inventory_hostname, shape='cyborg', cyborg_agent=false) }}
"""

RETURN = r"""
_value:
  description:
    - For O(vfio.devices.placement_inventory#module:providers). The first entry is the root, which is only looked up.
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

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_tree import placement_tree


class FilterModule:
    """Filter plugin placement_tree."""

    def filters(self):
        return {"placement_tree": placement_tree}
