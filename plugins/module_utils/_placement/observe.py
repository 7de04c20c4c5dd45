# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read from Placement exactly what a plan needs, each item once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .._core import progress
from . import renamed_root
from .api import Placement
from .model import Entry, PlanOptions, State
from .names import MARKER
from .nodes import Nodes
from .plan import details, roots_to_search, shrinking, unseen_names
from .trees import read_details, read_trees


def observe_providers(
    placement: Placement,
    pool: ThreadPoolExecutor,
    wanted: list[Entry],
    options: PlanOptions,
    report_progress: progress.Reporter = progress.silent,
) -> State:
    """Return the state for the plan; raise PlacementError if a request fails."""
    providers = read_trees(
        placement, pool, [*_anchors(wanted), *_former_roots(wanted), *(options["scope"] if options["purge"] else [])]
    )
    state: State = {
        "providers": providers,
        "known_traits": set(),
        "known_classes": set(),
        "marked": set(),
        "anywhere": [],
        "roots": [],
    }
    if Nodes(state, wanted, options).lacks_a_root:
        state["roots"] = placement.roots()
    roots = roots_to_search(state, wanted, options)
    for marked in pool.map(lambda root: placement.marked(root, MARKER), roots):
        state["marked"] |= marked
    if renamed_root.is_first_time(Nodes(state, wanted, options)):
        state["anywhere"] = placement.marked_anywhere(MARKER)
    read_details(placement, pool, providers, *details(state, wanted, options), report_progress)
    uncertain = shrinking(state, wanted, options)
    for uuid, usages in zip(uncertain, pool.map(placement.usages, uncertain)):
        providers[uuid]["usages"] = usages
    names, classes = unseen_names(state, wanted, options)
    state["known_traits"] = placement.known_traits(names) if names else set()
    state["known_classes"] = placement.known_classes() if classes else set()
    return state


def _anchors(wanted: list[Entry]) -> list[str]:
    """Return a provider for each tree: the topmost listed one, or its parent if that is given."""
    anchors = []
    for entry in wanted:
        top = entry
        while top["above"] is not None:
            top = wanted[top["above"]]
        anchors.append(str(top["parent"] or top["uuid"] or top["name"]))
    return anchors


def _former_roots(wanted: list[Entry]) -> list[str]:
    return [entry["former_root"] for entry in wanted if entry["former_root"]]
