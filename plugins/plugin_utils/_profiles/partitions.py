# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the MIG layout of a card in facts and profile."""

from __future__ import annotations

from collections import Counter

from ansible_collections.vfio.devices.plugins.module_utils._core import wording
from ansible_collections.vfio.devices.plugins.module_utils._devices.mig import Profile
from ansible_collections.vfio.devices.plugins.module_utils._partitions.plan import expand
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import is_nvidia_gpu

SHOWN = 3


def problems(wanted, card, subjects):
    """Return why a planned card cannot have a layout; ``subjects`` are the cards of the host by name."""
    if not is_nvidia_gpu(card):
        return ["mig is only for NVIDIA GPUs. Remove mig from the profile"]
    found = []
    seen = subjects[card["name"]].get("mig")
    if seen and wanted["enabled"] and not seen["profiles"]:
        found.append(_unsupported(subjects, card["name"]))
    elif seen and wanted["enabled"]:
        offered = [
            Profile(one["name"], place, one["most"], one["memory_mib"], tuple(one["starts"]), one["size"])
            for place, one in enumerate(seen["profiles"])
        ]
        expand(wanted["layout"].items(), offered, found)
    return [f"mig: {sentence}" for sentence in found]


def _unsupported(subjects, name):
    able = [other for other, one in subjects.items() if (one.get("mig") or {}).get("profiles")]
    there = f"GPUs of this host with MIG: {wording.some(able, SHOWN)}" if able else "No GPU of this host supports MIG"
    return f"this GPU ({model(subjects[name])}) does not support MIG. Remove mig from the profile. {there}"


def model(subject):
    """Return the model in the names of the vGPU types of a GPU, or its vendor and product."""
    names = [offered["name"] for offered in subject["types"] if offered["name"]]
    return (names and names[0].rpartition("-")[0]) or f"{subject['vendor_id']}:{subject['product_id']}"


def is_there(wanted, seen):
    """Return whether a card has its layout now, so that its vGPU types are known."""
    if seen is None:
        return not wanted["enabled"]
    instances = Counter(instance["profile"] for instance in seen["instances"])
    return seen["enabled"] == wanted["enabled"] and instances == Counter(wanted["layout"])


def entry(wanted, card):
    """Return the entry for the option ``gpus`` of mig_layout."""
    layout = {"layout": wanted["layout"]} if wanted["enabled"] else {}
    return {
        "pf": card["address"],
        "enabled": wanted["enabled"],
        **layout,
        "compute_instances": wanted["compute_instances"],
        "label": f"profile {card['profile']}",
    }
