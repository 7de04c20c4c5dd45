# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the providers of a host for Placement from its plan, in the shape of nova, Cyborg or our own."""

from __future__ import annotations

from typing import cast

from ansible.module_utils.parsing.convert_bool import BOOLEANS, boolean
from ansible_collections.vfio.devices.plugins.module_utils._core import grammar, numbers
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg, no_cloud, nova_mdev
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Provider, ProviderOptions, TreeOptions
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.defaults import or_default
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER, BY_SHAPE
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    has_mdevs,
    of_card,
    share_name,
    shares_of,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

TRAITS_MODES = ("exact", "add")
# Services mark their providers with these traits; other programs must not.
RESERVED_TRAITS = (*names.OWNER_TRAITS, names.MARKER)


def placement_tree(
    plan: Plan,
    root: str,
    shape: object = None,
    cyborg_agent: object = True,
    cyborg_host: str | None = None,
    exact_names: object = False,
    drain: object = False,
    traits_mode: object = None,
    root_optional: object = True,
    preview: object = False,
    cards: object = None,
    former_root: object = None,
) -> list[Provider]:
    """Return the providers of a host; raise ``AnsibleFilterError`` with a sentence for each problem."""
    with errors_of_filter("placement_tree", "placement_tree needs a plan of vfio.devices.resolve, and a name"):
        options: TreeOptions = {
            "root": root,
            "shape": _choice("shape", shape, tuple(BY_SHAPE)),
            "traits_mode": _choice("traits_mode", traits_mode, TRAITS_MODES),
            "drain": _drain(drain),
            "cyborg_host": or_default(cyborg_host),
            "cyborg_agent": flag(or_default(cyborg_agent, True), "cyborg_agent"),
            "exact_names": flag(or_default(exact_names, False), "exact_names"),
            "root_optional": flag(or_default(root_optional, True), "root_optional"),
            "preview": flag(or_default(preview, False), "preview"),
        }
        former = or_default(former_root)
        if options["cyborg_host"] is not None:
            names.provider_name(options["cyborg_host"])
        chosen = _chosen(plan, or_default(cards))
        found, problems = providers(chosen, options)
        if former is not None and "unselected" in chosen:
            found[0]["former_root"] = grammar.uuid(str(former))
    refuse(f"the cards of {root} cannot be published in Placement:", problems)
    return found


def drainable_cards(plan: Plan, cyborg_agent: object = True) -> list[str]:
    """Return the cards whose inventories this collection writes; services write those of their own cards."""
    with errors_of_filter("drainable_cards", "drainable_cards needs a plan of vfio.devices.resolve"):
        has_agent = flag(or_default(cyborg_agent, True), "cyborg_agent")
        owners = [no_cloud.OWNER, *([] if has_agent else [cyborg.OWNER])]
        return [card["name"] for card in plan["cards"] if card["owner"] in owners]


def _chosen(plan: Plan, cards: object) -> Plan:
    """Return the plan with only the named ``cards``, or the whole plan for None."""
    if cards is None:
        return plan
    if not isinstance(cards, (list, tuple)) or not all(isinstance(name, str) for name in cards):
        raise ValueError(f"cards must be a list of the names of cards, and not {numbers.shown(cards)}")
    # If other cards of the host are unknown, providers of missing cards are not searched.
    kept = {key: value for key, value in plan.items() if key != "unselected"}
    return cast("Plan", {**kept, "cards": [card for card in plan["cards"] if card["name"] in cards]})


def _choice(name: str, value: object, choices: tuple[str, ...]) -> str | None:
    value = or_default(value)
    if value not in (None, *choices):
        raise ValueError(f"{name} must be one of {', '.join(choices)}, and not {numbers.shown(value)}")
    return value


def _drain(drain: object) -> bool | list[str]:
    """Return True, False or the names of cards; values from the command line are text."""
    if or_default(drain) is None:
        return False
    if isinstance(drain, (list, tuple)):
        if not all(isinstance(name, str) for name in drain):
            raise ValueError("drain must be true, false or a list of the names of cards")
        return [str(name) for name in drain]
    text = drain.lower() if isinstance(drain, str) else drain
    if isinstance(text, (str, int)) and text in BOOLEANS:
        return bool(boolean(text))
    if isinstance(drain, str):
        return [name.strip() for name in drain.split(",")]
    raise ValueError(f"drain must be true, false or a list of cards, and not {numbers.shown(drain)}")


def providers(plan: Plan, options: TreeOptions) -> tuple[list[Provider], list[str]]:
    """Return the providers for placement_inventory, root first, and a sentence for each problem.

    ``options`` are all options of the filter placement_tree; ``drain`` is True, False or a list of names.
    """
    problems: list[str] = []
    drained = _drained(plan["cards"], options["drain"], problems)
    # Nothing is published below a root without cards.
    root: Provider = {"name": options["root"], "optional": options["root_optional"] or not plan["cards"]}
    cards = sorted(card["name"] for card in [*plan["cards"], *plan.get("unselected", [])])
    # If a host has no cards at all, its facts were probably unreadable, so its providers stay.
    if cards and "unselected" in plan:
        root["cards"] = cards
        parents = nova_mdev.possible_parents(plan)
        root.update({"mdev_parents": parents} if parents is not None else {})
    grammar.collect(names.provider_name, options["root"], problems)
    listed = [root]
    # By name in lower case, because some databases of Placement ignore case.
    taken = {options["root"].casefold(): "the root"}
    for card in plan["cards"]:
        found: list[str] = []
        entries = _entries(card, {**options, "drain": card["name"] in drained}, found)
        found += _check_classes(plan, entries)
        reserved = BY_OWNER[card["owner"]].reserved_names(card, options["root"])
        for name in [entry["name"] for entry in entries] or reserved:
            if name.casefold() in taken:
                other = taken[name.casefold()]
                found.append(f"its provider {name} has the same name as the provider of {other}, if case is ignored")
            taken[name.casefold()] = card["name"]
            grammar.collect(names.provider_name, name, found)
        listed += entries
        problems += [of_card(card, sentence) for sentence in found]
    return listed, problems


def _entries(card: Card, options: ProviderOptions, found: list[str]) -> list[Provider]:
    cloud = BY_SHAPE[options["shape"]] if options["shape"] else BY_OWNER[card["owner"]]
    reason = card.get("not_shareable") or cloud.why_no_provider(card, options)
    if reason:
        found.append(reason)
        return []
    traits = dict.fromkeys(name for share in shares_of(card) for name in share["traits"])
    reserved = [name for name in traits if name in RESERVED_TRAITS]
    if reserved:
        found.append(f"{', '.join(reserved)} marks the owner of a provider and is set automatically. Remove it")
    entries, problems = cloud.providers(card, options)
    found += problems
    return entries


def _check_classes(plan: Plan, entries: list[Provider]) -> list[str]:
    """Report providers of which guests of mediated devices would get devices that nova does not have.

    nova-compute then fails, because the name of the provider does not contain a parent of mediated devices
    (nova/virt/libvirt/driver.py, _allocate_mdevs).
    """
    asked = {
        (nova_mdev.resource_class(card), share_name(card)): set(card["traits"])
        for card in [share for one in plan["cards"] if one["owner"] == "nova" for share in shares_of(one)]
        if has_mdevs(card) or nova_mdev.may_have_mdevs(card)
    }
    return [
        f"guests that ask nova for {name} of profile {profile} would also get this card, which nova cannot assign. "
        "Set another placement.resource_class in one of the profiles"
        for (name, profile), traits in asked.items()
        for one in entries
        if name in one.get("inventories", {}) and traits <= set(one.get("traits", ()))
    ]


def _drained(cards: list[Card], drain: bool | list[str], problems: list[str]) -> set[str]:
    """Return the names of the cards to drain."""
    known = {card["name"] for card in cards}
    if isinstance(drain, bool):
        return known if drain else set()
    problems += [
        f"drain: {name} is not a card of a profile on this host. The cards are {', '.join(sorted(known)) or 'none'}"
        for name in drain
        if name not in known
    ]
    return known & set(drain)
