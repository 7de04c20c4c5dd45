# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find our own providers whose card is missing, or is represented by another provider; no I/O."""

from __future__ import annotations

from . import names
from .model import PlanOptions, Provider, Stale, Step
from .nodes import Nodes
from .provider import describe_amounts, identity, plan_provider, plan_removal, show_provider, used_amounts


def stale_providers(nodes: Nodes) -> list[Stale]:
    """Return the stale providers to drain below the roots whose cards are known.

    A card that was moved has a provider for each slot. A card whose shape has changed has two providers.
    """
    cards = {node["uuid"]: node["cards"] for node in nodes.present() if node["cards"] is not None}
    listed = _listed(nodes)
    return [
        {
            **identity(one),
            "item": None,
            "inventories": None,
            "traits": None,
            "drain": True,
            "cards": None,
            "provider": one,
            "root_name": nodes.providers[one["root"]]["name"],
            "depth": nodes.depth(one["uuid"]),
            "ours": True,
            "parent_name": nodes.parent_name(one),
            "card": names.card_of(one["name"]),
            "successor": listed.get((one["root"], names.card_of(one["name"]))),
        }
        for one in nodes.unexpected()
        if one["root"] in cards
        and names.is_of_card(one["name"], one["uuid"])
        and _is_stale(one, cards[one["root"]], listed)
    ]


def plan_stale(nodes: Nodes, options: PlanOptions, problems: list[str]) -> tuple[list[Step], list[Step], list[str]]:
    """Return removals of unused stale providers, steps that drain used ones, and a sentence for each."""
    removals: list[Step] = []
    steps: list[Step] = []
    sentences = []
    parents = {one["parent"] for one in nodes.providers.values()}
    for node in stale_providers(nodes):
        provider = nodes.providers[node["uuid"]]
        used = used_amounts(provider)
        if used or node["uuid"] in parents:
            step = plan_provider(node, provider, options, problems)
            steps += [step] if step else []
            sentences.append(_of_used(node, used, options["check_mode"]))
        else:
            removals.append(plan_removal(node, None, node["depth"], show_provider(provider, node["parent_name"])))
            removed = "would be removed" if options["check_mode"] else "is removed"
            sentences.append(f"{_subject(node, options['check_mode'])} It has no allocation and {removed}.")
    return removals, steps, sentences


def _listed(nodes: Nodes) -> dict[tuple[str, str], str]:
    """Map each pair of root and card to the listed provider of the card, whichever service creates it."""
    return {(node["root"], names.card_of(node["name"])): node["name"] for node in nodes.present() if node["parent"]}


def _is_stale(one: Provider, cards: set[str], listed: dict[tuple[str, str], str]) -> bool:
    card = names.card_of(one["name"])
    return card not in cards or (one["root"], card) in listed


def _subject(node: Stale, check_mode: bool) -> str:
    name = f"{node['name']} ({node['uuid']})"
    if node["successor"]:
        if check_mode:
            return f"{name} represents the same card as {node['successor']}, so Placement offers the card twice."
        return f"{name} represents the same card as {node['successor']}, so Placement offered the card twice."
    return f"{name} represents the card {node['card']}, which is missing on the host."


def _of_used(node: Stale, used: dict[str, int], check_mode: bool) -> str:
    subject = _subject(node, check_mode)
    drained = f"so it {'would be' if check_mode else 'is'} drained and not removed"
    if not used:
        return f"{subject} It has children, {drained}. Remove its children."
    return (
        f"{subject} Guests still have {describe_amounts(used)}, {drained}. Move or "
        "delete its guests, then run the play again. `openstack resource provider show --allocations "
        f"{node['uuid']}` lists them."
    )
