# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the MIG layout of a card in facts and profile."""

from __future__ import annotations

from collections import Counter

from ansible_collections.vfio.devices.plugins.module_utils._devices.mig import Profile
from ansible_collections.vfio.devices.plugins.module_utils._partitions.plan import expand
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import is_nvidia_gpu
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Mig
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Layout


def problems(wanted: Layout, card: Card, seen: Mig | None) -> list[str]:
    """Return why a planned card cannot have a layout; ``seen`` is its ``mig`` in the facts, None if unknown."""
    if not is_nvidia_gpu(card):
        return ["mig is only for NVIDIA GPUs. Remove mig from the profile"]
    found: list[str] = []
    if seen and wanted["enabled"]:
        offered = [
            Profile(one["name"], place, one["most"], one["memory_mib"], tuple(one["starts"]), one["size"])
            for place, one in enumerate(seen["profiles"])
        ]
        expand(wanted["layout"].items(), offered, found)
    return [f"mig: {sentence}" for sentence in found]


def is_there(wanted: Layout, seen: Mig | None) -> bool:
    """Return whether a card has its layout now, so that its vGPU types are known."""
    if seen is None:
        return not wanted["enabled"]
    instances = Counter(instance["profile"] for instance in seen["instances"])
    return seen["enabled"] == wanted["enabled"] and instances == Counter(wanted["layout"])


def entry(wanted: Layout, card: Card) -> dict[str, object]:
    """Return the entry for the option ``gpus`` of mig_layout."""
    layout = {"layout": wanted["layout"]} if wanted["enabled"] else {}
    return {
        "pf": card["address"],
        "enabled": wanted["enabled"],
        **layout,
        "compute_instances": wanted["compute_instances"],
        "label": f"profile {card['profile']}",
    }
