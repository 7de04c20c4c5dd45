# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Describe providers for placement_inventory_info."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import names, trees
from .api import Placement


def describe(placement: Placement, roots: list[str], usages: bool) -> dict[str, Any]:
    """Return the trees of the roots in the format of the option ``providers`` of placement_inventory."""
    with ThreadPoolExecutor(trees.THREADS) as pool:
        by_uuid, missing = trees.observe_trees(placement, pool, roots, usages)
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
