# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Converge the provider trees of a fleet: observe, plan, apply; each write is compared with what Placement answers."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._core import progress
from . import names, observe, result
from .api import Placement
from .apply import apply_plan, predict
from .model import Entry
from .options import plan_options
from .plan import plan_providers

# Each has a connection of its own.
THREADS = 6


def converge(
    placement: Placement,
    options: Mapping[str, Any],
    wanted: list[Entry],
    check_mode: bool,
    report_progress: progress.Reporter = progress.silent,
) -> tuple[dict[str, Any], list[str]]:
    """Bring Placement to what is wanted and return the module's result and warnings; :class:`Refused` comes
    before any write.

    ``options`` are those of placement_inventory, ``wanted`` its providers as :func:`parse_providers` returns
    them.
    """
    of_plan = plan_options(options, check_mode)
    with ThreadPoolExecutor(THREADS) as pool:
        state = observe.observe_providers(placement, pool, wanted, of_plan, report_progress)
        planned = plan_providers(state, wanted, of_plan)
        outcome = predict(planned) if check_mode else apply_plan(placement, pool, planned, of_plan, report_progress)
    return result.report(planned, outcome, placement.calls), planned["warnings"]


def describe(placement: Placement, roots: list[str], usages: bool) -> dict[str, Any]:
    """The trees of the roots, in the shape that ``providers`` of placement_inventory takes."""
    with ThreadPoolExecutor(THREADS) as pool:
        by_uuid, missing = observe.observe_trees(placement, pool, roots, usages)
    ordered = sorted(by_uuid.values(), key=lambda one: (by_uuid[one["root"]]["name"], one["parent"] or "", one["name"]))
    return {
        "providers": [
            {
                "name": one["name"],
                "uuid": one["uuid"],
                "parent": by_uuid[one["parent"]]["name"] if one["parent"] else None,
                "inventories": one["inventories"],
                "traits": one["traits"],
            }
            for one in ordered
        ],
        "owners": {one["name"]: names.owner(one["traits"] or ()) for one in ordered},
        "usages": {one["name"]: one["usages"] for one in ordered} if usages else {},
        "missing": missing,
        "calls": placement.calls,
    }
