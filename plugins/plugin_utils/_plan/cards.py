# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The cards of a resolved plan, as the filters that make settings of it ask for them."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.every import BY_NAME
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Parent, Plan

NVIDIA = "10de"
DISPLAY = "03"


def cards_of(plan: Plan, owner: str) -> list[Card]:
    """The cards of an owner whose devices are known, and do not depend on virtual functions that are still to come.

    A card with several types comes once for each of them.
    """
    later = {entry["name"] for entry in plan["later"]}
    own = [card for card in plan["cards"] if card["owner"] == owner and card["name"] not in later]
    return [share for card in own for share in shares_of(card)]


def shares_of(card: Card) -> list[Card]:
    """The card itself, or one for each of several types, with the type, parents and keys that are its own."""
    return [{**card, **share} for share in card.get("shares", ())] or [card]


def has_mdevs(card: Card) -> bool:
    """Whether guests get mediated devices of the card, and no PCI function."""
    return card["type"] is not None and not is_vendor_vfio(card)


def is_vendor_vfio(card: Mapping[str, object]) -> bool:
    """Whether guests get virtual functions of the card that were given a type."""
    framework = BY_NAME.get(str(card.get("framework")))
    return framework is not None and not framework.MAKES_MDEVS


def is_display(card: Card) -> bool:
    """Whether its PCI class is that of a display controller."""
    return (card["class"] or "").startswith(DISPLAY)


def is_nvidia_gpu(card: Card) -> bool:
    return card["vendor_id"] == NVIDIA and is_display(card)


def now(parent: Parent) -> dict[str, object]:
    """A parent as settings have to name it until its devices have changed."""
    return {**parent, **parent.get("now", {})}


def usable_parents(card: Card) -> list[str]:
    """Names of the parents that have devices or room for them, in order."""
    return sorted(parent["name"] for parent in card["parents"] if parent["total"])


def of_card(card: Card, sentence: str) -> str:
    share = f", {type_name(card)}" if is_share(card) else ""
    return f"profile {card['profile']}, {card['name']}{share}: {sentence}"


def is_share(card: Card) -> bool:
    """Whether this is one type of a card that has several."""
    return card["type"] is not None and bool(card.get("shares"))


def share_name(card: Card) -> str:
    """The name of the profile, with the type if the profile has several."""
    return f"{card['profile']}, {type_name(card)}" if is_share(card) else card["profile"]


def type_name(card: Card) -> str | None:
    """The name of the type of the card's devices, or its id where it has none; None without a type."""
    return (card["type"]["name"] or card["type"]["id"]) if card["type"] else None
