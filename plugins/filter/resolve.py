# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: resolve
short_description: Compute the plan of a host from profiles and facts
version_added: 1.0.0
description:
  - Assigns each card of a host to at most one profile, and computes the desired state of each card. The lists for the
    modules, the configuration of nova, Cyborg and libvirt, and the providers in Placement are derived from this plan.
  - The error lists all conflicts, each with its profile and card, before the first write.
  - The plan depends only on the input. Cards are sorted by name.
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
    description:
      - RV(vfio.devices.mdev_facts#module:ansible_facts.mdev) of the host, with V(physical_functions), V(parents) and
        V(devices).
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.mdev_facts
    plugin_type: module
  - plugin: vfio.devices.mdev_instance
    plugin_type: module
  - plugin: vfio.devices.sriov_pf_mode
    plugin_type: module
"""

EXAMPLES = r"""
- name: Show the plan of this host
  ansible.builtin.debug:
    msg: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) }}"
  vars:
    profiles:
      - name: t4-desktops
        select: "vendor_id == '10de' && product_id == '1eb8'"
        vgpu: {type: [GRID T4-2B, GRID T4-1B]}
      - name: nfv-ports
        select: "class == '0200' && numa_node == `1`"
        mode: vf
        num_vfs: 8
        vf_driver: vfio-pci
      - name: whole-cards
        select: ["0000:41:00.0"]
        mode: pf
"""

RETURN = r"""
_value:
  description: The plan of the host.
  type: dict
  contains:
    cards:
      description: Each card with a profile.
      type: list
      elements: dict
      contains:
        name:
          description: PCI address of the physical function, or the name of a parent that is not a PCI function.
          type: str
          sample: "0000:3b:00.0"
        address:
          description: PCI address, or null.
          type: str
          sample: "0000:3b:00.0"
        profile:
          description: Name of the profile.
          type: str
          sample: t4-desktops
        owner:
          description: Service that assigns the devices to guests, V(nova), V(cyborg) or V(none).
          type: str
          sample: nova
        vendor_id:
          description: PCI vendor id, or null.
          type: str
          sample: "10de"
        product_id:
          description: PCI device id, or null.
          type: str
          sample: "1eb8"
        vf_product_id:
          description: PCI device id of the virtual functions, or null.
          type: str
        class:
          description: PCI base class and subclass, or null.
          type: str
          sample: "0302"
        numa_node:
          description: NUMA node, or null.
          type: int
          sample: 0
        total_vfs:
          description: Maximum number of virtual functions of the card, or null.
          type: int
          sample: 16
        netdevs:
          description: Network interfaces.
          type: list
          elements: str
          sample: []
        mode:
          description: V(pf) or V(vf) from the profile, or null.
          type: str
        held_mode:
          description: Mode that the card keeps until no guest has its functions, or null.
          type: str
        held_parents:
          description:
            - Parents that keep devices although the profile has no vGPUs. The card cannot be changed while these
              devices exist.
            - Omitted without such devices.
          type: list
          elements: dict
          sample: [{name: "0000:3b:00.0", numa_node: 0, type: nvidia-223, existing: 1, total: 4}]
        held_framework:
          description: Framework of RV(ignore:held_parents).
          type: str
          sample: mdev
        driver:
          description: Driver in mode V(pf) from the profile, or null.
          type: str
        vf_driver:
          description: Driver of the virtual functions from the profile, or null.
          type: str
        num_vfs:
          description: Desired number of virtual functions, or null if the profile does not set it.
          type: int
        virtual_functions:
          description: Addresses of the current virtual functions.
          type: list
          elements: str
        host_functions:
          description:
            - Addresses of the virtual functions that stay with the host. They have a driver of the host, and the others
              of the card have another one.
          type: list
          elements: str
        framework:
          description: Name of the framework, such as V(mdev) or V(vendor_vfio), or null without vGPUs.
          type: str
          sample: mdev
        type:
          description:
            - Type of the card's devices. If current devices have a type of the profile, this type. Otherwise the first
              type of the profile with room. Null without vGPUs, with several types, and if the type is not known yet.
          type: dict
          sample: {id: nvidia-223, name: GRID T4-2B, device_api: vfio-pci}
        next_type:
          description:
            - The type of the profile, if guests have devices of another type. RV(_value.cards[].type) is the type
              of these devices while they are in use. Otherwise null.
          type: dict
        shares:
          description:
            - The types of a card with several entries in C(vgpu). Each has C(type), C(next_type), C(parents), C(count),
              C(total), C(resource_class), C(traits) and C(nova) with the same meaning as for the card.
            - C(waiting) is the number of devices that get room only after guests have left.
            - For other cards this key is missing. If it is present, the type of the card is null, and its numbers are
              sums.
          type: list
          elements: dict
          sample: [{type: {id: nvidia-560, name: NVIDIA A40-4Q, device_api: vfio-pci}, count: 2, total: 2, waiting: 0}]
        parents:
          description:
            - Parents of the devices, with the number of existing devices, and the total of existing and possible
              devices.
            - The type is that of the card, or that of the devices that guests have on this parent. If the users
              were not read, C(now) has the type of the devices that leave no room for another one.
          type: list
          elements: dict
          sample: [{name: "0000:3b:00.0", numa_node: 0, type: nvidia-223, existing: 2, total: 8}]
        count:
          description: Desired number of devices, or V(max). Null if the owner creates them.
          type: raw
          sample: max
        total:
          description:
            - Number of devices for guests, which are vGPUs, virtual functions, or 1 for the card. Null if it is not
              known yet.
          type: int
          sample: 8
        resource_class:
          description: Resource class from the profile, or null.
          type: str
          sample: VGPU
        traits:
          description: Traits of the profile.
          type: list
          elements: str
          sample: [CUSTOM_TIER_GOLD]
        nova:
          description: nova configuration in the profile.
          type: dict
    functions:
      description: For O(vfio.devices.sriov_pf_mode#module:functions).
      type: list
      elements: dict
    instances:
      description: For O(vfio.devices.mdev_instance#module:instances), with O(vfio.devices.mdev_instance#module:exact).
      type: list
      elements: dict
    unwanted:
      description:
        - For O(vfio.devices.mdev_instance#module:instances) with O(vfio.devices.mdev_instance#module:state=absent).
          These are devices of other types on cards whose owner creates the devices itself.
      type: list
      elements: dict
    unselected:
      description: Cards of the host without a profile, with the fields that services use.
      type: list
      elements: dict
      sample: [{name: "0000:18:00.0", address: "0000:18:00.0", vendor_id: "8086", class: "0200"}]
    later:
      description: Cards whose devices can only be planned after C(functions) is applied, with the reason.
      type: list
      elements: dict
      sample: [{name: "0000:41:00.0", profile: a40, reason: its virtual functions do not exist yet}]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve


class FilterModule:
    """Filter plugin resolve."""

    def filters(self):
        return {"resolve": resolve}
