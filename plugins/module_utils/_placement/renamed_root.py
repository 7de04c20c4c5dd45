# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find our providers below the former root of a renamed host, for which nova has created a new root; no I/O."""

from __future__ import annotations

from collections.abc import Iterable

from . import former_root, names
from .model import Listed
from .nodes import Nodes


def is_first_time(nodes: Nodes) -> bool:
    """Return whether a host is published below a root that has none of our providers."""
    return bool(_new_cards(nodes))


def sentences(nodes: Nodes, marked: Iterable[Listed]) -> list[str]:
    """Return a sentence for each renamed host; ``marked`` are all our own providers in Placement."""
    found: dict[tuple[str, str], list[Listed]] = {}
    published = {node["root"] for node in nodes.present()} | {*former_root.roots(nodes)}
    new = _new_cards(nodes)
    for one in sorted(marked, key=lambda one: one["name"]):
        old = one["name"].rpartition(names.OWN)[0]
        for root, cards in new.items() if old and one["root"] not in published else ():
            if names.card_of(one["name"]) in cards and names.same_host(root, [old]):
                found.setdefault((root, old), []).append(one)
    return [_sentence(root, old, providers) for (root, old), providers in found.items()]


def _sentence(root: str, old: str, providers: list[Listed]) -> str:
    uuids = " ".join(one["uuid"] for one in providers)
    return (
        f"{root} has the cards of {', '.join(one['name'] for one in providers)} below the root {old}, which is "
        f"probably its former name, so Placement offers these cards twice. When no guest uses them, remove the former "
        f"providers with: for one in {uuids}; do openstack resource provider delete $one; done"
    )


def _new_cards(nodes: Nodes) -> dict[str, set[str]]:
    """Return the new cards by root name, for roots that have none of our providers."""
    known = {one["root"] for one in nodes.providers.values() if names.OWN in one["name"]}
    found: dict[str, set[str]] = {}
    for node in nodes.present():
        if node["provider"] is None and names.OWN in node["name"] and node["root"] not in known:
            found.setdefault(node["root_name"], set()).add(names.card_of(node["name"]))
    return found
