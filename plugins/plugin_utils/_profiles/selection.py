# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Assign each card of a host to a profile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import cast

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import closest, one_of
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import BY_NAME
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Device, Facts, OfferedType, Parent, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Matches, Profile

# The fields of a card for select, and their types; a parent that is not a PCI function has only some.
FIELDS = {
    "name": "text",
    "address": "text",
    "vendor_id": "text",
    "product_id": "text",
    "subsystem_vendor_id": "text",
    "subsystem_product_id": "text",
    "class": "text",
    "driver": "text",
    "driver_override": "text",
    "drivers_autoprobe": "boolean",
    "numa_node": "number",
    "iommu_group": "number",
    "netdevs": None,
    "mode": ("pf", "vf", "host"),
    "num_vfs": "number",
    "total_vfs": "number",
    "vf_product_id": "text",
    "virtual_functions": None,
    "mig": None,
    "vgpu_scheduler": None,
    "framework": tuple(BY_NAME),
    "bus": "text",
    "physical_function": "text",
    "parents": None,
    "devices": None,
    "types": None,
    "users": None,
}


def subjects(facts: Facts) -> dict[str, Subject]:
    """Return the selectable cards by name: physical functions, and parents that are not PCI functions.

    A physical function gets ``name``, ``parents`` (itself or its VFs), ``devices`` on them and ``types``. These are all
    types of parents and devices, each once with ``id`` and ``name``.
    """
    devices = facts["devices"]
    parents: dict[str, list[Parent]] = {}
    for parent in facts["parents"]:
        parents.setdefault(parent["physical_function"] or parent["name"], []).append(parent)
    cards: dict[str, Mapping[str, object]] = {
        function["address"]: {**function, "name": function["address"]} for function in facts["physical_functions"]
    }
    for name, members in parents.items():
        cards.setdefault(name, members[0])
    return {name: _subject(card, parents.get(name, []), devices) for name, card in cards.items()}


def _subject(card: Mapping[str, object], parents: list[Parent], all_devices: list[Device]) -> Subject:
    names = {parent["name"] for parent in parents}
    devices = [device for device in all_devices if device["parent"] in names]
    types: dict[str, OfferedType] = {}
    for parent in parents:
        for offered in parent["types"]:
            types.setdefault(offered["id"], offered)
    for device in devices:
        if device["type"] and device["type"] not in types:
            types[device["type"]] = {"id": device["type"], "name": device["type_name"]}
    return cast("Subject", {**card, "parents": parents, "devices": devices, "types": list(types.values())})


def select(
    profiles: list[Profile], cards: Mapping[str, Subject], problems: list[str], others: Collection[str] = ()
) -> list[tuple[Profile, Subject]]:
    """Return the cards of each profile as (profile, card), and add problems to ``problems``.

    A card in two profiles is returned for both, so that other problems are found as well. ``others`` are the functions
    that can be in a list only to be passed through with a card.
    """
    claims: dict[str, list[Profile]] = {}
    for profile in profiles:
        matches = profile["expression"]
        selected = _matching(profile["name"], matches, cards, problems) if matches else _named(profile, cards, problems)
        lacking = missing(profile["names"], cards, others)
        if profile["required"] and (lacking or not selected):
            problem = lacks(lacking, cards) if lacking else "no card meets select."
            problems.append(
                f"profile {profile['name']}: required is true, but {problem} The host has "
                f"{', '.join(cards) or 'no card to share'}. Correct select, or set required: false"
            )
        for name in selected:
            claims.setdefault(name, []).append(profile)
    problems += in_several(claims)
    return [(profile, cards[name]) for name, claiming in claims.items() for profile in claiming]


def in_several(claims: Mapping[str, list[Profile]]) -> list[str]:
    """Return a sentence for each card or function with more than one profile in ``claims``."""
    return [
        f"profiles {' and '.join(profile['name'] for profile in claiming)}, {name}: a card can only be in one profile. "
        "Restrict select of one profile"
        for name, claiming in claims.items()
        if len(claiming) > 1
    ]


def _matching(profile: str, matches: Matches, cards: Mapping[str, Subject], problems: list[str]) -> list[str]:
    selected = []
    for name, card in cards.items():
        try:
            if matches(card):
                selected.append(name)
        except ValueError as error:
            problems.append(f"profile {profile}, {name}: select cannot be evaluated. {error}")
    return selected


def missing(names: Iterable[str], cards: Mapping[str, Subject], others: Collection[str]) -> list[str]:
    """Return the ``names`` of a list that the host has neither as a card nor among the ``others`` of its functions."""
    known = {*others, *cards}
    for card in cards.values():
        known.update(card.get("netdevs", []), (one["address"] for one in card.get("virtual_functions", [])))
    listed = list(dict.fromkeys(names))
    # Without the IOMMU, the facts do not contain the other functions of a GPU, such as its audio function.
    gpus = {
        name.rpartition(".")[0] for name in listed if name in cards and (cards[name].get("class") or "")[:2] == "03"
    }
    return [name for name in listed if name not in known and name.rpartition(".")[0] not in gpus]


def lacks(names: Sequence[str], cards: Mapping[str, Subject]) -> str:
    """Return a sentence about missing names, with the most similar names of the host."""
    listed = [*cards, *(name for card in cards.values() for name in card.get("netdevs", []))]
    # Addresses of different slots are similar by chance.
    spoken = [name for name in listed if not grammar.PCI_ADDRESS.match(name)]
    asked = [name for name in names if not grammar.PCI_ADDRESS.match(name)]
    nearest = list(dict.fromkeys(filter(None, (closest(spoken, name) for name in asked))))
    hint = f" Did you mean {', '.join(nearest)}?" if nearest else ""
    return f"the host has no {one_of(names)}.{hint}"


def _named(profile: Profile, cards: Mapping[str, Subject], problems: list[str]) -> list[str]:
    names: dict[str, str] = {}
    virtual: dict[str, str] = {}
    for card in cards.values():
        names[card["name"]] = card["name"]
        names.update((interface, card["name"]) for interface in card.get("netdevs", []))
        virtual.update((function["address"], card["name"]) for function in card.get("virtual_functions", []))
    selected: dict[str, None] = {}
    for name in profile["names"]:
        if name in virtual:
            problems.append(
                f"profile {profile['name']}: {name} is a virtual function of {virtual[name]}. Select the card by the "
                f"address of its physical function: {virtual[name]}"
            )
        elif name in names:
            selected[names[name]] = None
        if profile["mode"] == "pf" and not grammar.PCI_ADDRESS.match(name) and name not in cards:
            # Without its driver, the card would not be selected in the next run.
            remedy = f". Write {names[name]}" if name in names else ". Write the address that `lspci` shows"
            problems.append(
                f"profile {profile['name']}: select {name[:80]!r} must be a PCI address, because the interface "
                f"disappears with the driver of the card{remedy}"
            )
    return list(selected)
