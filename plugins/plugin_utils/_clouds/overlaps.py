# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether a guest that requests devices of one profile can get devices of another.

For mediated devices, nova compares resource class and traits; for PCI devices, the content of the alias.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_spec import Function
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import share_name, type_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, NovaSettings, Unselected

DEFAULT_CLASS = "VGPU"
# The type id, resource class and traits of a card with mediated devices.
Kind = tuple[str, str, frozenset[str]]


def mdev_class(card: Card) -> str:
    """Return the resource class of a card with mediated devices."""
    return card["resource_class"] or DEFAULT_CLASS


def of_mdevs(cards: list[Card]) -> list[str]:
    """Return a sentence for each profile whose guests may get different devices of another profile."""
    kinds: dict[str, dict[Kind, Card]] = {}
    for card in cards:
        kind = (type_of(card)["id"], mdev_class(card), frozenset(card["traits"]))
        kinds.setdefault(share_name(card), {})[kind] = card
    found = []
    for profile, own in kinds.items():
        for other, theirs in kinds.items():
            if other != profile and any(_gets(mine, its) for mine in own for its in theirs):
                type_id, name, traits = next(iter(own))
                found.append(sentence(profile, other, name, traits))
    return found


def _gets(mine: Kind, its: Kind) -> bool:
    (type_id, name, traits), (other_type, other_name, other_traits) = mine, its
    return name == other_name and traits <= other_traits and (type_id, traits) != (other_type, other_traits)


def sentence(profile: str, other: str, name: str, traits: Collection[str]) -> str:
    """Return the message that guests of one profile also get devices of the other."""
    asked = f"{name} with {', '.join(sorted(traits))}" if traits else f"{name} without a trait"
    return (
        f"profile {profile}: guests that ask for its devices also get those of profile {other}, because they ask for "
        f"{asked}. Give profile {profile} a placement.resource_class or placement.traits that {other} does not have"
    )


# PCI devices


class _WithVdpa(TypedDict, total=False):
    vdpa_functions: list[str]


class PciDevices(_WithVdpa):
    """The part of a card that decides which requests match its functions."""

    virtual_functions: list[str]
    host_functions: list[str]
    mode: str | None
    vendor_id: str | None
    product_id: str | None
    vf_product_id: str | None
    total_vfs: int | None
    resource_class: str | None
    traits: list[str]
    nova: NovaSettings


def of_function(function: Function, card: Unselected, tags: Mapping[str, str]) -> PciDevices:
    """Return a function of a card in no profile, which a device_spec with ``tags`` assigns to guests."""
    settings: NovaSettings = {
        "physical_network": tags.get("physical_network"),
        "live_migratable": tags.get("live_migratable") == str(True),
        "remote_managed": tags.get("remote_managed") == str(True),
    }
    return {
        "vendor_id": card["vendor_id"],
        "product_id": card["product_id"],
        "vf_product_id": card["vf_product_id"],
        "mode": "vf" if function.address != function.card else "pf",
        "total_vfs": int(function.is_sriov),
        "resource_class": tags.get("resource_class"),
        "traits": [word.strip() for word in tags.get("traits", "").split(",") if word.strip()],
        "nova": settings,
        "virtual_functions": [function.address],
        "host_functions": [],
        "vdpa_functions": card.get("vdpa_functions", []),
    }


def of_aliases(cards: list[Card], options: Options) -> list[str]:
    """Return a sentence for each pair of profiles where the alias of one matches devices of the other."""
    found: dict[tuple[str, str], str] = {}
    for card in cards:
        alias = card["nova"].get("alias")
        for other in cards if alias else ():
            pair = (share_name(card), share_name(other))
            if other["nova"].get("alias") != alias and pair not in found and matches(card, other, options):
                found[pair] = _sentence_of_alias(card, other, options)
    return list(found.values())


def matches(card: PciDevices, other: PciDevices, options: Options) -> bool:
    """Return whether the alias of a card matches devices of the other card."""
    if _ids(card)[2] != _ids(other)[2] or _is_excluded(card, other):
        return False
    if not options["pci_in_placement"]:
        return _ids(card) == _ids(other)
    if other["nova"].get("physical_network"):
        # nova does not report such devices to Placement.
        return False
    return _class(card) == _class(other) and set(card["traits"]) <= set(other["traits"])


def _is_excluded(card: PciDevices, other: PciDevices) -> bool:
    """Return whether nova excludes devices from the alias of a card, although ids match (nova/pci/stats.py)."""
    if other["nova"].get("remote_managed"):
        return True
    if card["nova"].get("live_migratable") and not other["nova"].get("live_migratable"):
        return True
    with_vdpa = other.get("vdpa_functions", [])
    return bool(with_vdpa) and {*other["host_functions"], *with_vdpa} >= set(other["virtual_functions"])


def _class(card: PciDevices) -> str | tuple[str | None, str | None]:
    return card["resource_class"] or _ids(card)[:2]


def _ids(card: PciDevices) -> tuple[str | None, str | None, str]:
    """Return vendor, product and kind of the functions for guests."""
    if card["mode"] == "pf":
        return card["vendor_id"], card["product_id"], "type-PF" if card["total_vfs"] else "type-PCI"
    return card["vendor_id"], card["vf_product_id"], "type-VF"


def _sentence_of_alias(card: Card, other: Card, options: Options) -> str:
    alias, mine, theirs = card["nova"]["alias"], share_name(card), share_name(other)
    got = f"profile {mine}, alias {alias}: guests also get {other['name']} of profile {theirs}"
    if card["name"] == other["name"]:
        # All virtual functions of a card have the same ids, and must have the same class and traits.
        return (
            f"{got}, because nova does not distinguish vGPUs of one card. Use one type on each card, or give both the "
            "same alias"
        )
    if not options["pci_in_placement"]:
        vendor, product, dummy = _ids(card)
        return (
            f"{got}, because nova distinguishes them only by their ids, and both are {vendor}:{product}. Give both the "
            "same alias, or set nova_config_report_in_placement and nova_config_pci_in_placement (nova 27 and later) "
            "and give each a different placement.resource_class"
        )
    return (
        f"{got}, because both have the same resource class and {theirs} has all traits of {mine}. Give profile {mine} "
        f"a placement.resource_class or placement.traits that {theirs} does not have"
    )
