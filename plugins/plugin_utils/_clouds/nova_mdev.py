# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""nova's settings for mediated devices: ``[devices]`` and a section for each type (nova/virt/libvirt/driver.py)."""

from __future__ import annotations

import re

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt, nova_release, settings_file
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_mdevs,
    of_card,
    usable_parents,
)

DEFAULT_CLASS = "VGPU"
# libvirt finds no other parent that is no hardware.
VIRTUAL_PARENT = "mtty"
# What nova, libvirt and the kernel agree on; other domains have more digits.
ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")


def sections(plan, release, problems):
    """Sections for _settings_file; what nova would refuse or pass over without a word is added to ``problems``."""
    cards = [card for card in cards_of(plan, "nova") if has_mdevs(card)]
    by_type = {}
    for card in cards:
        found = [
            f"nova.{key} is for PCI devices, and guests ask for mediated devices by their resource class"
            for key in card["nova"]
            if key != "max_instances"
        ]
        if not settings_file.WORD.match(card["type"]["id"]):
            found.append(f"the type {card['type']['id']!r} cannot be the name of a section in nova's settings")
        found += [sentence for name in usable_parents(card) if (sentence := _why_not(name, release))]
        problems += [of_card(card, sentence) for sentence in found]
        if usable_parents(card):
            by_type.setdefault(card["type"]["id"], []).append(card)
    if not by_type:
        return {}
    _check_single_type(plan, by_type, release, problems)
    legacy = release < nova_release.MDEV_TYPES
    kind = "vgpu" if legacy else "mdev"
    result = {"devices": [(f"enabled_{kind}_types", ",".join(sorted(by_type)))]}
    for type_id in sorted(by_type):
        result[f"{kind}_{type_id}"] = _type_options(type_id, by_type[type_id], release, problems)
    return result


def resource_class(card):
    return card["resource_class"] or DEFAULT_CLASS


def _type_options(type_id, cards, release, problems):
    """Options of one type; ``resolve`` has seen that all cards have the same class and limit."""
    names = sorted(name for card in cards for name in usable_parents(card))
    options = [("device_addresses", ",".join(map(_device_address, names)))]
    if resource_class(cards[0]) != DEFAULT_CLASS:
        if release < nova_release.MDEV_TYPES:
            problems.append(
                f"type {type_id}: nova {release} has no other resource class than VGPU, as from "
                f"{nova_release.MDEV_TYPES} on, and not {resource_class(cards[0])}"
            )
        options.append(("mdev_class", resource_class(cards[0])))
    limit = cards[0]["nova"].get("max_instances")
    if limit is not None:
        problems += [f"type {type_id}: {sentence}" for sentence in _check_limit(limit, cards, release)]
        options.append(("max_instances", limit))
    return options


def _device_address(name):
    return name if ADDRESS.match(name) else libvirt.node_device(name)


def _why_not(name, release):
    """Why nova cannot use a parent, or None."""
    if ADDRESS.match(name):
        return None
    if ":" in name:
        return f"nova stops at the address {name}, because it knows PCI domains of four digits only"
    if name != VIRTUAL_PARENT:
        return f"nova finds no parent {name}, only PCI functions and, for tests, {VIRTUAL_PARENT}"
    if release < nova_release.VIRTUAL_PARENTS:
        return (
            f"nova {release} stops at the parent {name}, which is no PCI function; {nova_release.VIRTUAL_PARENTS} can"
        )
    return None


def _check_single_type(plan, by_type, release, problems):
    """Before 29 nova gives a single type to all parents of the host, whatever their addresses."""
    if release >= nova_release.MAX_INSTANCES or len(by_type) > 1:
        return
    ((type_id, cards),) = by_type.items()
    rule = f"nova {release} passes over the section of a type that is the only one"
    if resource_class(cards[0]) != DEFAULT_CLASS and release >= nova_release.MDEV_TYPES:
        problems.append(f"type {type_id}: {rule}, and so its resource class {resource_class(cards[0])}")
    others = [card["name"] for card in plan["cards"] if card["owner"] != "nova" and card["framework"] == "mdev"]
    if others:
        problems.append(f"type {type_id}: {rule}, and would use {', '.join(others)} too, whose owner is not nova")


def _check_limit(limit, cards, release):
    """nova drops each parent whose free devices would exceed the limit, with all devices that it has."""
    if release < nova_release.MAX_INSTANCES:
        return [f"nova {release} has no max_instances; {nova_release.MAX_INSTANCES} has"]
    totals = [parent["total"] for card in cards for parent in card["parents"]]
    if sum(totals) <= limit:
        return []
    if max(totals) > 1:
        return [
            f"with max_instances {limit} nova leaves out whole cards, because a card has {max(totals)} and all have "
            f"{sum(totals)}; set it to {sum(totals)} or leave it out, or use fewer cards"
        ]
    made = sum(card["total"] if card["count"] == "max" else card["count"] or 0 for card in cards)
    if made > limit:
        return [
            f"with max_instances {limit} and {made} devices made nova offers none at all; "
            f"set vgpu.count so that there are no more than {limit}"
        ]
    return []
