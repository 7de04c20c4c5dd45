# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""IOMMU groups: a group is assigned to one guest as a whole (Documentation/driver-api/vfio.rst)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import (
    Facts,
    PhysicalFunction,
    Subject,
    VirtualFunction,
)

# The addresses of functions by IOMMU group.
Groups = Mapping[int, list[str]]


def members(physical_functions: Iterable[PhysicalFunction]) -> Groups:
    """Return the addresses of physical and virtual functions by IOMMU group."""
    found: dict[int, list[str]] = {}
    for card in physical_functions:
        for function in (card, *card["virtual_functions"]):
            group = function.get("iommu_group")
            if isinstance(group, int):
                found.setdefault(group, []).append(function["address"])
    return found


def companions(names: Iterable[str], facts: Facts) -> list[str]:
    """Return the ``names`` of other functions in the IOMMU groups of cards, such as the audio function of a GPU.

    The facts contain only their addresses, and they can only be passed through.
    """
    found = others(facts)
    return [name for name in dict.fromkeys(names) if name in found]


def others(facts: Facts) -> list[str]:
    """Return the functions that the facts contain only as members of IOMMU groups with several functions."""
    return [name for group in _without_cards(facts) for name in group]


def companions_of(card: Subject, facts: Facts) -> list[str]:
    """Return the other functions in the IOMMU group of a card that the facts contain only as members of groups."""
    return [name for group in _without_cards(facts, card["name"]) for name in group]


def _without_cards(facts: Facts, member: str | None = None) -> list[list[str]]:
    """Return the members of each shared group, or of that with ``member``, except cards and VFs."""
    iommu, cards = facts.get("iommu"), facts["physical_functions"]
    listed = {one["address"] for card in cards for one in (card, *card["virtual_functions"])}
    return [
        [name for name in group["devices"] if name not in listed]
        for group in (iommu["shared_groups"] if iommu else ())
        if member is None or member in group["devices"]
    ]


def why_not_shareable(subject: Subject, mode: str | None, groups: Groups) -> str | None:
    """Return why the functions of a profile cannot be assigned to different guests, as a sentence, or None."""
    offered: Sequence[VirtualFunction | Subject] = ()
    if mode in ("pf", "vf"):
        offered = [subject] if mode == "pf" else subject["virtual_functions"]
    for function in offered:
        group = function.get("iommu_group")
        if not isinstance(group, int):
            continue
        others = [name for name in groups.get(group, []) if name != function["address"]]
        if mode == "pf":
            # Its own virtual functions are removed before it is passed through.
            others = [name for name in others if name not in {one["address"] for one in subject["virtual_functions"]}]
        if others:
            return (
                f"{function['address']} shares IOMMU group {group} with {', '.join(others[:5])}"
                f"{' and others' if len(others) > 5 else ''}, and a group can only be passed through completely. "
                "Enable ACS in the firmware, or move the card to another slot"
            )
    return None
