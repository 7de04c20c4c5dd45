# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Remove our providers below the root under which a host was published before, if no guest uses them; no I/O."""

from __future__ import annotations

from .._core import wording
from .model import Node, Provider, Step
from .nodes import Nodes
from .provider import describe_amounts, plan_removal, show_provider, used_amounts
from .wanted import label

# The number of providers in a sentence.
SHOWN = 5


def roots(nodes: Nodes) -> list[str]:
    """Return the UUIDs of the former roots of hosts whose current root exists or will be created."""
    return [former["uuid"] for _node, former in _moved(nodes)]


def providers(nodes: Nodes) -> list[Provider]:
    """Return our own providers below these roots."""
    return [one for _node, former in _moved(nodes) for one in _ours(nodes, former)]


def plan_former(nodes: Nodes, problems: list[str]) -> tuple[list[Step], list[str]]:
    """Return removals of unused providers, and a sentence for each host; add a problem for used providers."""
    removals: list[Step] = []
    sentences = []
    published, removed = "are now published", "are removed"
    if nodes.options["check_mode"]:
        published, removed = "would be published", "would be removed"
    for node, former in _moved(nodes):
        found = _ours(nodes, former)
        reasons = [reason for one in found for reason in [_why_not(nodes, one, found)] if reason]
        if reasons:
            problems.append(f"{label(node)}: {_published(former)} {' '.join(reasons[:SHOWN])} {_advice(former)}")
        elif found:
            removals += [
                plan_removal(one, node["item"], nodes.depth(one["uuid"]), show_provider(one, nodes.parent_name(one)))
                for one in found
            ]
            gone = wording.shorten([f"{one['name']} ({one['uuid']})" for one in found], SHOWN)
            sentences.append(
                f"{node['name']}: {_published(former)} The cards {published} below {node['name']}, so these "
                f"unused providers {removed}: {gone}. If {former['name']} is still the name of this host in "
                f"Placement, set placement_root: {former['name']}"
            )
    return removals, sentences


def _moved(nodes: Nodes) -> list[tuple[Node, Provider]]:
    """Return each root with the former root of its host. A listed root belongs to another host of the same call."""
    formers = {entry["item"]: nodes.providers.get(entry["former_root"] or "") for entry in nodes.wanted}
    return [
        (node, former)
        for node in nodes.present()
        for former in [formers[node["item"]] if node["item"] is not None else None]
        if former and former["uuid"] in nodes.former_roots and not former["parent"]
    ]


def _ours(nodes: Nodes, former: Provider) -> list[Provider]:
    return [
        one
        for one in nodes.providers.values()
        if one["root"] == former["uuid"] and one["parent"] and nodes.is_marked(one)
    ]


def _why_not(nodes: Nodes, one: Provider, going: list[Provider]) -> str | None:
    used = used_amounts(one)
    if used:
        return f"Guests still have {describe_amounts(used)} of {one['name']} ({one['uuid']})."
    uuids = {other["uuid"] for other in going}
    children = [other for other in nodes.providers.values() if other["parent"] == one["uuid"]]
    others = sorted(other["name"] for other in children if other["uuid"] not in uuids)
    return f"{one['name']} ({one['uuid']}) has the children {wording.shorten(others, SHOWN)}." if others else None


def _published(former: Provider) -> str:
    return f"This host was published below the root {former['name']} ({former['uuid']}) before."


def _advice(former: Provider) -> str:
    return (
        f"Placement would offer the card twice. If {former['name']} is still the name of this host, set "
        f"placement_root: {former['name']}. If the host was renamed, move or delete these guests or children, then run "
        "the play again. `openstack resource provider show --allocations UUID` lists the guests"
    )
