# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find unknown fields of the lists in a card, such as ``types[?nam == 'GRID T4-2B']``, which would select nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ansible_collections.vfio.devices.plugins.module_utils._core.wording import closest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.expression_errors import Node, below

USERS = ("pid", "command", "domain", "running", "device_file")
TYPES = ("id", "name", "description", "device_api", "attributes", "available_instances", "max_instances")
# The fields of the entries of each list; lists of entries contain lists themselves.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "users": USERS,
    "types": TYPES,
    "parents": ("name", "bus", "address", "physical_function", "numa_node", "framework", "types", "unreadable"),
    "devices": (
        *("uuid", "address", "framework", "type", "type_name", "parent", "iommu_group", "state", "autostart"),
        *("attributes", "users"),
    ),
    "virtual_functions": (
        *("address", "index", "driver", "iommu_group", "netdev", "users", "vdpa", "shares"),
        "unreadable",
    ),
}
# The name of the list of which a node returns entries; None if other data is possible.
List = Optional[str]
# Nodes whose children apply to the result of the child before them.
CHAINS = ("subexpression", "index_expression", "projection", "pipe")
# Functions that return entries of the list in their arguments.
SAME_LIST = ("sort_by", "max_by", "min_by", "reverse", "to_array", "not_null")


def unknown(node: Node) -> list[str]:
    """Return a sentence for each unknown field of a list in the parsed expression."""
    found: dict[str, None] = {}
    _list_of(node, "", found)
    return list(found)


def _list_of(node: Node, entries_of: List, found: dict[str, None]) -> List:
    """Return the list of which a node returns entries, if it applies to entries of ``entries_of``; empty for a card."""
    kind, children = node["type"], below(node)
    if kind == "field":
        return _list_of_field(node["value"], entries_of, found)
    if kind in CHAINS:
        for child in children:
            entries_of = _list_of(child, entries_of, found)
        return entries_of
    if kind == "filter_projection":
        whole, right, condition = children
        entries_of = _list_of(whole, entries_of, found)
        _list_of(condition, entries_of, found)
        return _list_of(right, entries_of, found)
    if kind in ("index", "slice", "identity", "current"):
        return entries_of
    if kind == "value_projection":
        _list_of(children[0], entries_of, found)
        return None
    if kind == "function_expression":
        return _list_of_function(node, entries_of, found)
    lists = [_list_of(child, entries_of, found) for child in children]
    return next(filter(None, lists), None) if kind in ("flatten", "or_expression") else None


def _list_of_function(node: Node, entries_of: List, found: dict[str, None]) -> List:
    children = below(node)
    lists = [_list_of(child, entries_of, found) for child in children if child["type"] != "expref"]
    argument = next(filter(None, lists), None)
    for child in children:
        if child["type"] == "expref":
            _list_of(child, argument, found)
    return argument if node["value"] in SAME_LIST else None


def _list_of_field(name: str, entries_of: List, found: dict[str, None]) -> List:
    if entries_of and name not in FIELDS[entries_of]:
        nearest = closest(FIELDS[entries_of], name)
        hint = f" Did you mean {nearest}?" if nearest else ""
        known = ", ".join(FIELDS[entries_of])
        found[f"{name} is not a field of {entries_of}.{hint} The fields are {known}"] = None
    return name if entries_of is not None and name in FIELDS else None
