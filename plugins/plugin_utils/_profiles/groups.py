# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""IOMMU groups: a group is assigned to one guest as a whole (Documentation/driver-api/vfio.rst)."""

from __future__ import annotations


def members(physical_functions):
    """Return the addresses of physical and virtual functions by IOMMU group."""
    found = {}
    for card in physical_functions:
        for function in (card, *card["virtual_functions"]):
            if isinstance(function.get("iommu_group"), int):
                found.setdefault(function.get("iommu_group"), []).append(function["address"])
    return found


def companions(profile, facts):
    """Return the addresses in ``select`` that are no cards, but in the IOMMU group of one: the audio of a GPU.

    The facts contain no more of these functions, and they can only be passed through.
    """
    shared = (facts.get("iommu") or {}).get("shared_groups") or []
    grouped = [name for group in shared for name in group["devices"]]
    cards = facts["physical_functions"]
    listed = {one["address"] for card in cards for one in (card, *card["virtual_functions"])}
    return [name for name in profile.get("names") or () if name in grouped and name not in listed]


def why_not_shareable(subject, mode, groups):
    """Return why the functions of a profile cannot be assigned to different guests, as a sentence, or None."""
    offered = subject["virtual_functions"] if mode == "vf" else [subject] if mode == "pf" else []
    for function in offered:
        if not isinstance(function.get("iommu_group"), int):
            continue
        others = [name for name in groups.get(function.get("iommu_group"), []) if name != function["address"]]
        if mode == "pf":
            # Its own virtual functions are removed before it is passed through.
            others = [name for name in others if name not in {one["address"] for one in subject["virtual_functions"]}]
        if others:
            return (
                f"{function['address']} shares IOMMU group {function['iommu_group']} with {', '.join(others[:5])}"
                f"{' and others' if len(others) > 5 else ''}, and a group can only be passed through completely. "
                "Enable ACS in the firmware, or move the card to another slot"
            )
    return None
