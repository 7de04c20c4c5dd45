# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All keys of a profile in the format of argument specs.

Validation, the argument spec of the role vfio and the table of keys in the guide are derived from this schema.
"""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.vgpu_scheduler import POLICIES
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import MOST as MOST_DEVICES
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import MOST_VFS
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import (
    A_LAYOUT,
    A_NAME,
    DICTIONARY_OR_DICTIONARIES,
    NUMBER_OR_MAX,
    TEXT_OR_TEXTS,
    Options,
)

VIRTUAL_FUNCTION: Options = {
    "index": {
        "description": "Index of the virtual function, counted from 0, or a range such as V(2-5).",
        "type": "str",
        "required": True,
    },
    "driver": {
        "description": "Driver of the virtual function. The default is O(vfio_profiles.vf_driver).",
        "type": "str",
    },
    "mac": {"description": "MAC address. For a single virtual function.", "type": "str"},
    "vlan": {"description": "VLAN id that the card adds and removes. V(0) means no VLAN.", "type": "int"},
    "qos": {
        "description": "Priority in the VLAN tag, from V(0) to V(7). Requires V(vlan).",
        "type": "int",
    },
    "spoofchk": {"description": "Whether the card drops packets with another sender address.", "type": "bool"},
    "trust": {
        "description": "Whether the virtual function may change its MAC address and enable promiscuous mode.",
        "type": "bool",
    },
    "link_state": {
        "description": "Link state. V(auto) follows the card, V(enable) is always up, V(disable) is always down.",
        "type": "str",
        "choices": ["auto", "enable", "disable"],
    },
    "min_tx_rate": {"description": "Minimum transmit rate in Mbit/s. V(0) means no guarantee.", "type": "int"},
    "max_tx_rate": {"description": "Maximum transmit rate in Mbit/s. V(0) means no limit.", "type": "int"},
    "exec_quantum_ms": {
        "description": "Time slice on an Intel GPU with the driver xe or i915 in ms. V(0) means no limit.",
        "type": "int",
    },
    "preempt_timeout_us": {
        "description": [
            "Time in microseconds after which work on an Intel GPU is stopped when its time slice ends.",
            "V(0) means no limit.",
        ],
        "type": "int",
    },
    "vram_quota": {"description": "Memory of an Intel GPU in MiB.", "type": "int"},
    "ggtt_quota": {
        "description": [
            "Addresses of an Intel GPU with the driver i915 in MiB.",
            "Set it for all virtual functions or none. V(0) means an equal part.",
        ],
        "type": "int",
    },
    "contexts_quota": {
        "description": [
            "Contexts of an Intel GPU with the driver i915, a multiple of 128.",
            "Set it for all virtual functions or none. V(0) means an equal part.",
        ],
        "type": "int",
    },
    "doorbells_quota": {
        "description": "Doorbells of an Intel GPU with the driver i915. V(0) means an equal part.",
        "type": "int",
    },
}

# Options of sriov_pf_mode that a profile can contain.
FUNCTION: Options = {
    "mode": {
        "description": [
            "If V(pf), the card is passed through. If V(vf), guests get its virtual functions, or vGPUs on them.",
            "Omit it for cards with mediated devices on the physical function.",
        ],
        "type": "str",
        "choices": ["pf", "vf"],
    },
    "num_vfs": {
        "description": [
            "Number of virtual functions, or V(max). If omitted, the number is not managed.",
            "NVIDIA GPUs require V(max) or V(0).",
        ],
        "type": "str",
        "kind": NUMBER_OR_MAX,
        "most": MOST_VFS,
    },
    "driver": {
        "description": [
            "Driver of the card in mode V(pf), or V(native) for libvirt's managed mode. The default is V(vfio-pci)."
        ],
        "type": "str",
    },
    "vf_driver": {
        "description": [
            "Driver of the virtual functions, V(none), or V(default) for the choice of the kernel. Not for vGPUs."
        ],
        "type": "str",
    },
    "drivers_autoprobe": {
        "description": "Whether the kernel binds a driver to new virtual functions.",
        "type": "bool",
    },
    "reconfigurable": {
        "description": "Whether the mode of the card may change. If V(false), such changes are rejected.",
        "type": "bool",
        "default": True,
    },
    "vfs": {
        "description": "Virtual functions with their own settings or drivers.",
        "type": "list",
        "elements": "dict",
        "sample": "[{index: 0, vlan: 100}]",
        "options": VIRTUAL_FUNCTION,
    },
    "eswitch": {
        "description": "Mode of the embedded switch of the card. It changes while the card has no virtual functions.",
        "type": "str",
        "choices": ["legacy", "switchdev"],
    },
}

PLACEMENT: Options = {
    "resource_class": {
        "description": "Resource class of the devices, such as V(VGPU) or V(CUSTOM_NFV_VF).",
        "type": "str",
    },
    "traits": {
        "description": "Traits of the providers, such as V(CUSTOM_TIER_GOLD).",
        "type": "list",
        "elements": "str",
        "sample": "[CUSTOM_TIER_GOLD]",
    },
}

VGPU: Options = {
    "type": {
        "description": [
            "Id or name of the type. A list is an order of preference, of which all devices of the entry have one."
        ],
        "type": "list",
        "elements": "str",
        "required": True,
        "kind": TEXT_OR_TEXTS,
    },
    "count": {
        "description": [
            "Number of devices per card, or V(max). The default is V(max).",
            "If V(0), nova creates a device for each guest. Omit it with owner V(cyborg), whose agent creates them.",
            "With several types, only one of them can have V(max), which is the remaining capacity.",
        ],
        "type": "str",
        "kind": NUMBER_OR_MAX,
        "most": MOST_DEVICES,
    },
    "attributes": {
        "description": [
            "Attributes of each new device in order, each a dictionary with one key, as s390 drivers require.",
            "NVIDIA vGPUs have C(nvidia/vgpu_params), such as V(frame_rate_limiter=0). Control files of the kernel, "
            "for example C(remove), are rejected.",
        ],
        "type": "list",
        "elements": "dict",
        "sample": "[{assign_adapter: 5}]",
    },
    "autostart": {"description": "Whether mdevctl creates the devices at boot.", "type": "bool"},
    "placement": {
        "description": "Keys of O(vfio_profiles.placement) that replace those of the card for these devices.",
        "type": "dict",
        "sample": "{resource_class: CUSTOM_VGPU_4Q}",
    },
    **{
        cloud.OWNER: {
            "description": f"Keys of O(vfio_profiles.{cloud.OWNER}) that replace those of the card for these devices.",
            "type": "dict",
            "sample": cloud.PROFILE_PART["sample"],
        }
        for cloud in CLOUDS
        if cloud.PROFILE_PART
    },
}

SCHEDULER: Options = {
    "policy": {
        "description": [
            "If V(best_effort), a vGPU can use the unused time of other vGPUs.",
            "V(equal_share) gives all running vGPUs the same time.",
            "V(fixed_share) gives each vGPU the part that it has if the card is full.",
        ],
        "type": "str",
        "choices": [*POLICIES],
        "required": True,
    },
    "time_slice_ms": {
        "description": [
            "Time in ms after which the next vGPU has its turn, from V(1) to V(30).",
            "Not for V(best_effort).",
        ],
        "type": "int",
    },
}

PROFILE: Options = {
    "name": {
        "description": "Name of the profile, used in all messages. Up to 255 printable characters without a slash.",
        "type": "str",
        "required": True,
        "kind": A_NAME,
    },
    "select": {
        "description": [
            "Cards of the profile. Either a JMESPath expression over each physical function in "
            "C(ansible_facts.mdev.physical_functions), and over each parent that is not a PCI function. Both have the "
            "V(types) that they support. Ids, classes and addresses have the spelling of the facts, such as V(1eb8). "
            "Another spelling is rejected, and the message contains the correct one.",
            "Or a list of names. These are PCI addresses of physical functions, network interfaces, and names of "
            "parents such as V(mtty).",
            "In mode V(pf), the list may contain other functions of their IOMMU groups, such as the audio "
            "function of a GPU. They are passed through, but not offered to nova, Cyborg or Placement.",
        ],
        "type": "raw",
        "required": True,
        "kind": TEXT_OR_TEXTS,
        "sample": '"product_id == \'1eb8\'" or ["0000:3b:00.0"]',
    },
    "required": {
        "description": [
            "Whether to reject a host where the profile selects no card, or that lacks a card of a list in "
            "O(vfio_profiles.select)."
        ],
        "type": "bool",
        "default": False,
    },
    "owner": {
        "description": "Service that assigns the devices to guests. Use V(none) for hosts without OpenStack.",
        "type": "str",
        "choices": [cloud.OWNER for cloud in CLOUDS],
        "default": CLOUDS[0].OWNER,
    },
    **FUNCTION,
    "mig": {
        "description": [
            "MIG layout of an NVIDIA GPU, as the number of GPU instances by MIG profile. If V(false), MIG is disabled. "
            "If omitted, MIG is not managed.",
            "With O(vfio_profiles.vgpu), the guests create the compute instances.",
        ],
        "type": "raw",
        "kind": A_LAYOUT,
        "sample": "{1g.18gb: 4, 3g.71gb: 1}",
    },
    "vgpu": {
        "description": [
            "vGPUs or other mediated devices on the card or on its virtual functions.",
            "A list of such dictionaries declares several types for each card. Its driver decides which types can be "
            "together.",
        ],
        "type": "raw",
        "kind": DICTIONARY_OR_DICTIONARIES,
        "sample": "{type: GRID T4-2B}",
        "options": VGPU,
    },
    "vgpu_scheduler": {
        "description": [
            "How an NVIDIA GPU divides its time among time-sliced vGPUs. If omitted, it is not checked.",
            "The driver reads it when it is loaded. If the GPU has another one, the host is rejected with the line for "
            "C(/etc/modprobe.d).",
        ],
        "type": "dict",
        "sample": "{policy: equal_share, time_slice_ms: 3}",
        "options": SCHEDULER,
    },
    "placement": {
        "description": "Inventory and traits of the card in OpenStack Placement.",
        "type": "dict",
        "sample": "{resource_class: CUSTOM_NIC_VF}",
        "options": PLACEMENT,
    },
    **{cloud.OWNER: cloud.PROFILE_PART for cloud in CLOUDS if cloud.PROFILE_PART},
}
SAMPLE = "[{name: desktops, select: \"product_id == '1eb8'\", vgpu: {type: GRID T4-2B}}]"
