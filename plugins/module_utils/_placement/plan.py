# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the steps from the current to the desired providers; no I/O."""

from __future__ import annotations

from collections import Counter

from .._core.problems import Refused
from . import duplicate_providers, former_root, left_behind, renamed_root
from .model import Entry, Kept, Plan, PlanOptions, State, Step
from .names import MARKER, OWN, card_of, is_custom, owner
from .nodes import Nodes
from .provider import (
    describe_amounts,
    identity,
    owner_of,
    plan_provider,
    plan_removal,
    show_provider,
    shrinks,
    used_amounts,
)
from .stale import plan_stale, stale_providers
from .wanted import label

# Classes of every supported Placement; other standard classes are checked in Placement.
STANDARD_CLASSES = {"VGPU", "VGPU_DISPLAY_HEAD", "PGPU", "FPGA", "PCI_DEVICE", "SRIOV_NET_VF"}

# The number of names in one warning.
NAMED_AT_MOST = 10


def plan_providers(state: State, wanted: list[Entry], options: PlanOptions) -> Plan:
    """Return the plan for ``wanted`` (result of :func:`parse_providers`); raise :class:`Refused` on problems.

    ``state`` is what :func:`observe_providers` returns.
    """
    nodes = Nodes(state, wanted, options)
    problems = nodes.problems
    removals = _removals(nodes, problems)
    steps: list[Step] = []
    kept: list[Kept] = []
    for node in nodes.present():
        step = plan_provider(node, node["provider"], options, problems)
        if step:
            steps.append(step)
        elif node["provider"]:
            kept.append({**identity(node), "item": node["item"]})
    stale_removals, stale_steps, of_stale = plan_stale(nodes, options, problems)
    of_former, sentences = former_root.plan_former(nodes, problems)
    removals += [*stale_removals, *of_former]
    steps += stale_steps
    gone = {step["uuid"] for step in removals}
    traits = {name for step in steps for name in step["traits"] or []}
    classes = {name for step in steps for name in step["inventories"] or {}}
    problems += _unknown_names(state, wanted)
    if problems:
        raise Refused(problems)
    return {
        "removals": sorted(removals, key=lambda step: -step["depth"]),
        "steps": sorted(steps, key=lambda step: step["depth"]),
        "kept": kept,
        "missing": nodes.missing,
        "unexpected": [identity(one) for one in nodes.unexpected() if one["uuid"] not in gone],
        "classes": sorted(name for name in classes - _seen_classes(state) - state["known_classes"] if is_custom(name)),
        "traits": sorted(name for name in traits - _seen_traits(state) - state["known_traits"] if is_custom(name)),
        "warnings": [
            *_left_out(nodes),
            *_other_names(nodes),
            *renamed_root.sentences(nodes, state["anywhere"]),
            *of_stale,
            *sentences,
            *_leftovers(nodes),
            *duplicate_providers.sentences(nodes),
            *left_behind.sentences(nodes, [one["uuid"] for _ours, one in duplicate_providers.providers(nodes)]),
            *(sentence for step in steps for sentence in step["warnings"]),
        ],
    }


# Data that the plan needs


def details(state: State, wanted: list[Entry], options: PlanOptions) -> tuple[list[str], list[str]]:
    """Return the UUIDs of providers whose inventories are needed, and those whose traits are needed."""
    nodes = Nodes(state, wanted, options)
    of_others = [one for _ours, one in duplicate_providers.providers(nodes)] + left_behind.providers(nodes)
    unlisted = [*nodes.to_remove, *stale_providers(nodes), *former_root.providers(nodes), *of_others]
    inventories = [one["uuid"] for one in unlisted]
    traits = list(inventories)
    for node in nodes.present():
        if node["provider"]:
            if node["inventories"] is not None or node["drain"] and node["provider"]["parent"]:
                inventories.append(node["uuid"])
            if node["traits"] is not None or node["uuid"] in inventories:
                traits.append(node["uuid"])
    return inventories, traits


def shrinking(state: State, wanted: list[Entry], options: PlanOptions) -> list[str]:
    """Return the UUIDs of providers that will offer less, so that their usages are needed."""
    nodes = Nodes(state, wanted, options)
    if not options["check_usages"]:
        return []
    unlisted = [*nodes.to_remove, *stale_providers(nodes), *former_root.providers(nodes)]
    return [one["uuid"] for one in unlisted] + [
        node["uuid"] for node in nodes.present() if shrinks(node, node["provider"])
    ]


def unseen_names(state: State, wanted: list[Entry], options: PlanOptions) -> tuple[list[str], list[str]]:
    """Return the traits and the resource classes whose existence must be checked.

    Custom classes are checked only in check mode: creating a class costs as much as checking it.
    """
    traits = {name for entry in wanted for name in entry["traits"] or []} - _seen_traits(state)
    if traits or any(node["provider"] is None and node["parent"] for node in Nodes(state, wanted, options).present()):
        traits |= {MARKER} - _seen_traits(state)
    classes = {name for entry in wanted for name in entry["inventories"] or {}} - _seen_classes(state)
    predicted = [name for name in classes if is_custom(name)] if options["check_mode"] else []
    return sorted(traits), [*predicted, *_odd_classes(state, wanted)]


def roots_to_search(state: State, wanted: list[Entry], options: PlanOptions) -> list[str]:
    """Return the roots of trees with unlisted providers that may be purged, or reported if they are ours."""
    nodes = Nodes(state, wanted, options)
    purged = [one for one in nodes.in_scope() if not nodes.is_listed(one)] if options["purge"] else []
    of_providers = [provider["root"] for provider in [*purged, *nodes.unlisted()]]
    return list(dict.fromkeys([*of_providers, *former_root.roots(nodes)]))


def _seen_traits(state: State) -> set[str]:
    return {name for provider in state["providers"].values() for name in provider["traits"] or ()}


def _seen_classes(state: State) -> set[str]:
    return {name for provider in state["providers"].values() for name in provider["inventories"] or ()}


def _odd_classes(state: State, wanted: list[Entry]) -> list[str]:
    named = {name for entry in wanted for name in entry["inventories"] or {}}
    odd = named - STANDARD_CLASSES - _seen_classes(state)
    return sorted(name for name in odd if not is_custom(name))


def _unknown_names(state: State, wanted: list[Entry]) -> list[str]:
    traits = {name for entry in wanted for name in entry["traits"] or []} - state["known_traits"]
    traits = {name for name in traits - _seen_traits(state) if not is_custom(name)}
    classes = set(_odd_classes(state, wanted)) - state["known_classes"]
    problems = []
    for entry in wanted:
        for what, unknown, listed in (
            ("trait", traits, entry["traits"]),
            ("resource class", classes, entry["inventories"]),
        ):
            problems += [
                f"{label(entry)}: Placement has no {what} {name}. Correct it, or use a name that begins with CUSTOM_"
                for name in listed or ()
                if name in unknown
            ]
    return problems


def _left_out(nodes: Nodes) -> list[str]:
    others = nodes.other_names()
    lost = {name: below for name, below in nodes.left_out().items() if name not in others}
    if not lost:
        return []
    named = [f"{name} (and {below} below it)" if below else name for name, below in lost.items()]
    if len(named) > NAMED_AT_MOST:
        named[NAMED_AT_MOST:] = [f"{len(named) - NAMED_AT_MOST} more"]
    return [
        f"skipped, because Placement does not have it yet: {', '.join(named)}. nova-compute or cyborg-agent creates "
        "it: start the service on the host and run the play again"
    ]


def _other_names(nodes: Nodes) -> list[str]:
    """Return a sentence for each host, because each host has its own setting."""
    return [
        f"skipped, because Placement has no root {name}. It has {', '.join(others)}, which is probably the same host. "
        f"The name must be the hypervisor_hostname of the compute node. Set placement_root: {others[0]}"
        for name, others in nodes.other_names().items()
    ]


def _leftovers(nodes: Nodes) -> list[str]:
    """Return warnings about old providers that remain after the root or the shape of a card has changed."""
    cards = {
        (node["root"], card_of(node["name"])): node["name"]
        for node in nodes.present()
        if node["parent"] and node["ours"]
    }
    warnings = []
    handled = {node["uuid"] for node in stale_providers(nodes)}
    for one in nodes.unexpected():
        if one["uuid"] in handled:
            continue
        old = f"{one['name']} ({one['uuid']})"
        new = cards.get((one["root"], card_of(one["name"])))
        root = nodes.providers[one["root"]]["name"]
        if new:
            found = f"{new} and {old} represent the same card, so Placement offers the card twice."
        elif OWN in one["name"] and not one["name"].startswith(f"{root}{OWN}"):
            found = f"{old} has its name from another root than {root}, and Placement still offers its card."
        else:
            continue
        warnings.append(
            f"{found} Remove the old provider with placement_purge: true. If it is in use, move or delete its guests "
            "first."
        )
    return warnings


# Removals


def _removals(nodes: Nodes, problems: list[str]) -> list[Step]:
    removals = []
    going = {provider["uuid"] for provider in nodes.to_remove}
    stay = Counter(provider["parent"] for provider in nodes.providers.values() if provider["uuid"] not in going)
    for provider in nodes.to_remove:
        subject = f"{provider['name']} ({provider['uuid']})"
        used = used_amounts(provider)
        if not provider["ours"]:
            who = owner(provider["traits"] or ())
            problems.append(f"{subject} cannot be removed, because it {owner_of(who)}. Remove its entry")
        elif used:
            problems.append(
                f"{subject} cannot be removed while {describe_amounts(used)} are in use. Set drain: true, and remove "
                "it after its last guest has left"
            )
        elif stay[provider["uuid"]]:
            below = [one for one in nodes.providers.values() if one["parent"] == provider["uuid"]]
            names = ", ".join(sorted(one["name"] for one in below if one["uuid"] not in going))
            problems.append(f"{subject} cannot be removed, because it has other children: {names}. Remove them too")
        else:
            before = show_provider(provider, nodes.parent_name(provider))
            removals.append(plan_removal(provider, provider["item"], nodes.depth(provider["uuid"]), before))
    return removals
