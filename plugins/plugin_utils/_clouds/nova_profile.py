# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The nova keys of a profile, and their problems that do not depend on the host."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import indices_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import NovaSettings
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import (
    A_NAME,
    TEXT_OR_TEXTS,
    Option,
    Options,
    texts,
)

# Keys that may differ between virtual functions of a card.
OF_FUNCTIONS: Options = {
    "alias": {"description": "Name of the PCI alias for flavors.", "type": "str", "kind": A_NAME},
    "numa_policy": {
        "description": "NUMA policy of the PCI alias.",
        "type": "str",
        "choices": ["required", "preferred", "legacy", "socket"],
    },
    "physical_network": {"description": "Neutron physical network of the card.", "type": "str", "kind": A_NAME},
    "trusted": {"description": "Whether neutron may set its virtual functions to trusted.", "type": "bool"},
    "live_migratable": {
        "description": "Whether guests with one of its devices support live migration.",
        "type": "bool",
    },
    "remote_managed": {
        "description": [
            "Whether a SmartNIC DPU controls the virtual functions.",
            "Requires neutron ports, and a card with a serial number.",
        ],
        "type": "bool",
    },
}
PROFILE_PART: Option = {
    "description": "nova configuration of the card. Requires owner V(nova).",
    "type": "dict",
    "sample": "{alias: nic}",
    "elsewhere": {
        **dict.fromkeys(("resource_class", "mdev_class"), "Set placement.resource_class"),
        "traits": "Set placement.traits",
        "managed": "It follows from the driver of the device. Set vf_driver or driver",
        **dict.fromkeys(
            ("address", "devname", "vendor_id", "product_id", "device_type", "device_addresses", "enabled_mdev_types"),
            "It follows from the cards of the profile. Use select and mode",
        ),
    },
    "options": {
        **OF_FUNCTIONS,
        "vfs": {
            "description": "Indices of the virtual functions for guests, or ranges such as V(2-5). Default is all.",
            "type": "list",
            "elements": "str",
            "kind": TEXT_OR_TEXTS,
            "sample": '["0-3", "6"]',
        },
        "groups": {
            "description": [
                "Groups of virtual functions with settings of their own, such as a physical network for each group.",
                "The settings of the profile are the defaults. Other virtual functions stay on the host.",
            ],
            "type": "list",
            "elements": "dict",
            "sample": '[{vfs: "0-3", physical_network: physnet1}]',
            "options": {
                "vfs": {
                    "description": "Indices of the virtual functions of the group, or ranges such as V(2-5).",
                    "type": "list",
                    "elements": "str",
                    "required": True,
                    "kind": TEXT_OR_TEXTS,
                    "sample": '["0-3", "6"]',
                },
                **OF_FUNCTIONS,
            },
        },
        "count": {
            "description": "Number of devices that one guest gets. More than one mediated device requires nova 33.",
            "type": "int",
            "least": 1,
        },
        "one_time_use": {"description": "Whether a device is disabled after its first guest.", "type": "bool"},
        "max_instances": {
            "description": "Maximum number of mediated devices of the type that nova creates on the host.",
            "type": "int",
            "least": 1,
        },
    },
}


def missing_functions(nova: NovaSettings, num_vfs: int | None) -> list[str]:
    """Return a sentence for each option that chooses virtual functions beyond ``num_vfs``, which is None if unknown."""
    found = []
    for label, ranges in _chosen(nova) if num_vfs else ():
        beyond = [index for text in texts(ranges) for index in indices_of(text) if index >= (num_vfs or 0)]
        if beyond:
            found.append(
                f"{label} chooses the virtual function {beyond[0]}, but the card has the functions 0 to "
                f"{(num_vfs or 0) - 1}. Correct {label}, or set num_vfs: {max(beyond) + 1}"
            )
    return found


def _chosen(nova: NovaSettings) -> list[tuple[str, str | list[str]]]:
    """Return the options that choose virtual functions, with their values."""
    groups = nova.get("groups") or []
    of_groups = [(f"nova.groups[{place}].vfs", group["vfs"]) for place, group in enumerate(groups) if "vfs" in group]
    return [*([("nova.vfs", nova["vfs"])] if "vfs" in nova else []), *of_groups]


def check(profile: Profile) -> list[str]:
    nova = profile["nova"]
    chosen = _chosen(nova)
    if not chosen:
        return []
    if profile["mode"] != "vf" or profile["vgpu"]:
        return [f"{chosen[0][0]} chooses virtual functions of mode vf without vgpu"]
    if "vfs" in nova and nova.get("groups"):
        return ["nova.groups chooses the virtual functions. Remove nova.vfs"]
    found = []
    seen: dict[int, str] = {}
    for label, ranges in chosen:
        for text in texts(ranges):
            if not indices_of(text):
                found.append(
                    f"{label} {numbers.shown(text)} is neither an index of a virtual function such as 3 nor a range "
                    "such as 2-5"
                )
            twice = [index for index in indices_of(text) if seen.setdefault(index, label) != label]
            if twice:
                found.append(f"{label} and {seen[twice[0]]} have the virtual function {twice[0]}. Remove it from one")
    return found
