# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Select and describe cards of a resolved plan for filters that create settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import BY_NAME
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Device
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Parent, Plan, Unselected, VgpuType

NVIDIA = "10de"
DISPLAY = "03"


def empty_plan() -> Plan:
    """Return a plan without cards."""
    return {
        "cards": [],
        "functions": [],
        "partitions": [],
        "instances": [],
        "unwanted": [],
        "later": [],
        "unselected": [],
    }


def cards_of(plan: Plan, owner: str) -> list[Card]:
    """Return the cards of an owner, without cards whose virtual functions must be created first.

    A card with several types is returned once for each type.
    """
    later = {entry["name"] for entry in plan["later"]}
    own = [card for card in plan["cards"] if card["owner"] == owner and card["name"] not in later]
    return [share for card in own for share in shares_of(card)]


def later_cards_of(plan: Plan, owner: str) -> list[Card]:
    """Return the cards of an owner whose virtual functions must be created first, once for each type."""
    later = {entry["name"] for entry in plan["later"]}
    own = [card for card in plan["cards"] if card["owner"] == owner and card["name"] in later]
    return [share for card in own for share in shares_of(card)]


def type_of(card: Card) -> VgpuType:
    """Return the type of a card that has one."""
    if card["type"] is None:
        raise ValueError(f"{card['name']} has no type")
    return card["type"]


def shares_of(card: Card) -> list[Card]:
    """Return the card, or a copy for each of its types with the values of that type."""
    return [{**card, **share} for share in card.get("shares", ())] or [card]


def has_mdevs(card: Card) -> bool:
    """Return whether guests get mediated devices of the card, and not PCI functions."""
    return card["type"] is not None and not has_typed_vfs(card)


def has_typed_vfs(card: Mapping[str, object]) -> bool:
    """Return whether guests get virtual functions of the card that have a type."""
    framework = BY_NAME.get(str(card.get("framework")))
    return framework is not None and not framework.MAKES_MDEVS


def makes_mdevs(card: Mapping[str, object]) -> bool:
    """Return whether the framework of the card creates mediated devices."""
    framework = BY_NAME.get(str(card.get("framework")))
    return framework is not None and framework.MAKES_MDEVS


def held_card(card: Card) -> Card | None:
    """Return the card with the vGPUs that guests keep although its profile has none, or None.

    Settings of the services name these devices until the guests leave. Resource class and traits are unknown.
    """
    parents = card.get("held_parents", [])
    if not parents:
        return None
    kept: VgpuType = {"id": parents[0]["type"], "name": None, "device_api": None}
    total = sum(parent["existing"] for parent in parents)
    values = {"parents": parents, "total": total, "count": total, "type": kept, "next_type": kept}
    held = {**card, **values, "framework": card["held_framework"], "nova": {}, "resource_class": None, "traits": []}
    return cast("Card", {**held, "mode": "vf" if card["virtual_functions"] else None, "held_mode": None})


def is_display(card: Card | Unselected) -> bool:
    """Return whether its PCI class is that of a display controller."""
    return (card["class"] or "").startswith(DISPLAY)


def is_nvidia_gpu(card: Card | Unselected) -> bool:
    return card["vendor_id"] == NVIDIA and is_display(card)


def current_parent(parent: Parent) -> Parent:
    """Return a parent with the type of its current devices, which settings must use until the devices are replaced."""
    return {**parent, **parent["now"]} if "now" in parent else parent


def usable_parents(card: Card) -> list[str]:
    """Return the sorted names of parents that have devices or capacity for them."""
    return sorted(parent["name"] for parent in card["parents"] if parent["total"])


def device_name(device: Device) -> str:
    """Return the UUID of a mediated device, or the address of a virtual function."""
    return device["uuid"] or device["address"] or ""


def of_card(card: Card, sentence: str) -> str:
    share = f", {type_name(card)}" if is_share(card) else ""
    return f"profile {card['profile']}, {card['name']}{share}: {sentence}"


def is_share(card: Card) -> bool:
    """Return whether this is one type of a card with several types."""
    return card["type"] is not None and bool(card.get("shares"))


def share_name(card: Card) -> str:
    """Return the name of the profile, with the type if the profile has several types."""
    return f"{card['profile']}, {type_name(card)}" if is_share(card) else card["profile"]


def type_name(card: Card) -> str | None:
    """Return the name of the card's type, or its id if it has no name; None without a type."""
    return (card["type"]["name"] or card["type"]["id"]) if card["type"] else None


def undeclared_types(plan: Plan) -> list[str]:
    """Return the types of devices in use that differ from the declared types of their cards."""
    with errors_of_filter("undeclared_types", "undeclared_types needs a plan of vfio.devices.resolve"):
        cards = plan["cards"]
        planned = [one["type"] for card in cards for one in (card, *card.get("shares", ()))]
        declared = {found["id"] for found in planned if found}
        offered = {parent["type"] for card in cards for parent in (*card["parents"], *card.get("held_parents", ()))}
        offered -= declared
        return sorted(offered.union(type_of(card)["id"] for card in cards if card["next_type"]))
