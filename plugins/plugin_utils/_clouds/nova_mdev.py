# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create nova settings for mediated devices: ``[devices]`` and a section per type (nova/virt/libvirt/driver.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import (
    libvirt,
    nova_release,
    overlaps,
    settings_file,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.settings_file import Option, Sections
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    current_parent,
    has_mdevs,
    held_card,
    makes_mdevs,
    of_card,
    shares_of,
    type_of,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Parent, Plan, Unselected

DEFAULT_CLASS = overlaps.DEFAULT_CLASS
# The only virtual parent that libvirt lists.
VIRTUAL_PARENT = libvirt.MTTY
# The nova keys of a profile that apply to mediated devices.
OPTIONS = ("max_instances", "count")
# A type that no driver has, for parents that nova must not use.
NO_TYPE = "none"
# A card with one of its parents.
Offered = tuple[Card, Parent]
ByType = dict[str, list[Offered]]
# The addresses that nova, libvirt and the kernel support; other PCI domains have more digits.
ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")


def sections(plan: Plan, release: int, problems: list[str], present: str = "") -> Sections:
    """Return sections for settings_file; add settings that nova would reject or ignore to ``problems``.

    ``present`` is the current configuration: types that stay only until guests leave keep their options.
    """
    cards = [card for card in cards_of(plan, "nova") if has_mdevs(card)]
    by_type: ByType = {}
    for card in cards:
        offering = _offering(card)
        problems += [of_card(card, sentence) for sentence in _check_card(card, offering, release)]
        for parent in offering:
            by_type.setdefault(parent["type"], []).append((card, parent))
    for card in filter(None, map(held_card, cards_of(plan, "nova"))):
        for parent in _offering(card) if has_mdevs(card) else ():
            by_type.setdefault(parent["type"], []).append((card, parent))
    if not by_type:
        return {}
    if release < nova_release.SEVERAL_TYPES and len(by_type) > 1:
        problems.append(
            f"nova {release} uses the first type alone of {', '.join(sorted(by_type))}. Use one type on this host, or "
            f"nova {nova_release.SEVERAL_TYPES} or later"
        )
    unoffered = _unoffered(cards, by_type, release)
    if not unoffered:
        _check_single_type(plan, by_type, release, problems)
    elif release < nova_release.SEVERAL_TYPES:
        names = ", ".join(dict.fromkeys(card["name"] for card in cards))
        problems.append(
            f"nova {release} uses the type on all virtual functions of {names}, "
            f"which are more than the devices of the type. Use nova {nova_release.SEVERAL_TYPES} or later"
        )
    problems += _check_other_parents(plan, by_type)
    problems += overlaps.of_mdevs(cards)
    legacy = release < nova_release.MDEV_TYPES
    kind = "vgpu" if legacy else "mdev"
    result = {"devices": [(f"enabled_{kind}_types", ",".join([*sorted(by_type), *([NO_TYPE] if unoffered else [])]))]}
    for type_id in sorted(by_type):
        section = f"{kind}_{type_id}"
        declaring = [card for card, parent in by_type[type_id] if _declares(card, type_id)]
        kept = {} if declaring else settings_file.options_of(present, section)
        if kept:
            result[section] = [("device_addresses", _addresses(by_type[type_id])), *_kept(kept)]
        else:
            card = declaring[0] if declaring else by_type[type_id][0][0]
            result[section] = _type_options(type_id, card, by_type[type_id], release, problems)
    if unoffered:
        result[f"{kind}_{NO_TYPE}"] = [("device_addresses", ",".join(unoffered))]
    return result


def _check_card(card: Card, offering: list[Parent], release: int) -> list[str]:
    found = [
        f"nova.{key} is only for PCI devices. Guests request mediated devices by their resource class. Remove "
        f"nova.{key}"
        for key in card["nova"]
        if key not in OPTIONS
    ]
    if card["nova"].get("count", 1) > 1 and release < nova_release.SEVERAL_MDEVS:
        found.append(
            f"nova {release} assigns one mediated device to a guest. nova {nova_release.SEVERAL_MDEVS} or later "
            "assigns several"
        )
    for type_id in dict.fromkeys([type_of(card)["id"], *(parent["type"] for parent in offering)]):
        if not settings_file.WORD.match(type_id):
            found.append(f"the type {type_id!r} cannot be the name of a section in the nova configuration")
    return found + [sentence for parent in offering if (sentence := _why_not(parent["name"], release))]


def _offering(card: Card) -> list[Parent]:
    """Return the parents with devices or capacity, each with its current type."""
    parents = [current_parent(parent) for parent in card["parents"]]
    return sorted((parent for parent in parents if parent["total"]), key=lambda parent: parent["name"])


def may_have_mdevs(card: Card) -> bool:
    """Return whether nova will or may get mediated devices of a card whose vGPUs do not exist yet.

    Without virtual functions, the framework of the card is unknown. Settings for PCI devices decide then.
    """
    if card["type"] is not None or card["total"] is not None:
        return False
    return makes_mdevs(card) or not card["framework"] and set(card.get("nova", ())) <= set(OPTIONS)


def possible_parents(plan: Plan) -> list[str] | None:
    """Return the PCI addresses on which nova may have mediated devices; None if some of them are unknown."""
    cards = [card for card in plan["cards"] if card["owner"] == "nova"]
    if any(map(may_have_mdevs, cards)):
        return None
    own: list[Card | Unselected] = [card for card in cards if held_card(card) or any(map(has_mdevs, shares_of(card)))]
    # Other settings of nova decide about cards of no profile.
    own += plan.get("unselected", [])
    found = {name for card in own for name in (card["name"], *card["virtual_functions"])}
    return sorted(filter(ADDRESS.match, found))


def unsure(card: Card) -> str:
    """Return the rest of a sentence about a card whose framework is unknown, or an empty text."""
    return "" if card["framework"] else ". If its vGPUs will be virtual functions for guests, set nova.alias"


def resource_class(card: Card) -> str:
    return overlaps.mdev_class(card)


def _declares(card: Card, type_id: str) -> bool:
    return type_of(card)["id"] == type_id and not card.get("next_type")


def _addresses(offered: list[Offered]) -> str:
    return ",".join(sorted(_device_address(parent["name"]) for card, parent in offered))


def _kept(options: Mapping[str, str]) -> list[Option]:
    return [(name, options[name]) for name in ("mdev_class", "max_instances") if name in options]


def _type_options(type_id: str, card: Card, offered: list[Offered], release: int, problems: list[str]) -> list[Option]:
    """Return the options of a type; ``resolve`` has ensured that all cards agree on class and limit."""
    options = [("device_addresses", _addresses(offered))]
    if resource_class(card) != DEFAULT_CLASS:
        if release < nova_release.MDEV_TYPES:
            problems.append(
                f"type {type_id}: nova {release} supports only the resource class VGPU, and not "
                f"{resource_class(card)}. nova {nova_release.MDEV_TYPES} or later supports other classes"
            )
        options.append(("mdev_class", resource_class(card)))
    limit = card["nova"].get("max_instances")
    if limit is not None:
        problems += [f"type {type_id}: {sentence}" for sentence in _check_limit(limit, offered, release)]
        options.append(("max_instances", str(limit)))
    return options


def _device_address(name: str) -> str:
    return name if ADDRESS.match(name) else libvirt.node_device(name)


def _why_not(name: str, release: int) -> str | None:
    """Return why nova cannot use a parent, or None."""
    if ADDRESS.match(name):
        return None
    if ":" in name:
        return f"nova fails at the address {name}, because it supports only PCI domains of four digits"
    if name != VIRTUAL_PARENT:
        return f"nova finds no parent {name}, only PCI functions and, for tests, {VIRTUAL_PARENT}"
    if release < nova_release.VIRTUAL_PARENTS:
        return (
            f"nova {release} fails at the parent {name}, which is not a PCI function. nova "
            f"{nova_release.VIRTUAL_PARENTS} or later supports it"
        )
    return None


def _unoffered(cards: list[Card], by_type: ByType, release: int) -> list[str]:
    """Return the virtual functions beyond the capacity of their card, if nova would use its only type on them too."""
    if release >= nova_release.MAX_INSTANCES or len(by_type) > 1:
        return []
    names = {parent["name"] for card in cards for parent in card["parents"] if len(card["parents"]) > 1}
    return sorted(names - {parent["name"] for offered in by_type.values() for card, parent in offered})


def _check_single_type(plan: Plan, by_type: ByType, release: int, problems: list[str]) -> None:
    """Check that no other card has the type: nova before 29 uses a single type on all its parents."""
    if release >= nova_release.MAX_INSTANCES or len(by_type) > 1:
        return
    ((type_id, offered),) = by_type.items()
    rule = f"nova {release} ignores the section of a type if it is the only type"
    if resource_class(offered[0][0]) != DEFAULT_CLASS and release >= nova_release.MDEV_TYPES:
        problems.append(f"type {type_id}: {rule}, so the resource class {resource_class(offered[0][0])} has no effect")
    used = {(card["name"], card["owner"]) for card, parent in offered}
    planned = [card for card in plan["cards"] if (card["name"], card["owner"]) not in used and makes_mdevs(card)]
    others = [f"{card['name']} of owner {card['owner']}" for card in planned if card["owner"] != "nova"]
    others += [f"{one['name']} of no profile" for one in plan.get("unselected", []) if type_id in one["types"]]
    if others:
        problems.append(
            f"type {type_id}: {rule}, and would use {', '.join(others)} too. Use nova "
            f"{nova_release.MAX_INSTANCES} or later, or put all cards of this type in profiles of owner nova"
        )


def _check_other_parents(plan: Plan, by_type: ByType) -> list[str]:
    """Report parents that stop nova: it reads PCI ids of each parent that libvirt lists, and fails without ids."""
    known = {parent["name"] for offered in by_type.values() for card, parent in offered}
    everything: list[Card | Unselected] = [*plan["cards"], *plan.get("unselected", [])]
    present = [card["name"] for card in everything if makes_mdevs(card) and not card["address"]]
    return [
        f"nova fails at the parent {name}, which is not a PCI function and not among its devices. Remove its driver"
        f"{' with modprobe -r ' + name if name == VIRTUAL_PARENT else ''}, or leave mediated devices of this host to "
        "another owner than nova"
        for name in present
        if name not in known and libvirt.is_listed(name)
    ]


def _check_limit(limit: int, offered: list[Offered], release: int) -> list[str]:
    """Check the limit: nova ignores a parent with all its devices if its free devices would exceed the limit."""
    if release < nova_release.MAX_INSTANCES:
        return [f"nova {release} does not support max_instances. nova {nova_release.MAX_INSTANCES} or later does"]
    totals = [parent["total"] for card, parent in offered]
    if sum(totals) <= limit:
        return []
    if max(totals) > 1:
        return [
            f"with max_instances {limit} nova ignores complete cards, because one card has {max(totals)} and all have "
            f"{sum(totals)}. Set max_instances: {sum(totals)} or omit it, or use fewer cards"
        ]
    cards = list({card["name"]: card for card, parent in offered}.values())
    made = sum(_made(card, [parent for one, parent in offered if one["name"] == card["name"]]) for card in cards)
    if made > limit:
        return [
            f"with max_instances {limit} and {made} existing devices, nova offers none of them. Set "
            f"max_instances: {made} or omit it, or set vgpu.count so that the cards have at most {limit} devices"
        ]
    return []


def _made(card: Card, parents: list[Parent]) -> int:
    """Return the future number of devices of the card; devices that nova creates itself stay."""
    if card["count"] is None or card.get("next_type"):
        return sum(parent["existing"] for parent in parents)
    return sum(parent["total"] for parent in parents) if card["count"] == "max" else int(card["count"])
