# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The six fields of an inventory of one resource class."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from .._core import numbers
from .model import Inventories, Inventory

DIGITS = re.compile(r"-?[0-9]{1,20}\Z")
HIGHEST = 2147483647
HIGHEST_RATIO = 3.40282e38
LEAST = {"total": 1, "reserved": 0, "min_unit": 1, "max_unit": 1, "step_size": 1}
FIELDS = (*LEAST, "allocation_ratio")


def parse_inventory(fields: Mapping[str, Any], found: list[str]) -> Inventory | None:
    """Return all six fields of an inventory from an option; add errors to ``found``.

    Placement checks little of this: it accepts a min_unit above max_unit, and a max_unit above the total.
    """
    found_before = len(found)
    for field in fields:
        if field not in FIELDS:
            found.append(f"{str(field)[:80]!r} is not a field of an inventory. The fields are {', '.join(FIELDS)}")
    if fields.get("total") is None:
        found.append("its total is missing")
        return None

    def whole(field: str, default: int) -> int:
        value = fields.get(field)
        return default if value is None else _whole(field, value, found)

    total, ratio = whole("total", 0), fields.get("allocation_ratio")
    inventory = Inventory(
        total=total,
        reserved=whole("reserved", 0),
        min_unit=whole("min_unit", 1),
        max_unit=whole("max_unit", total),
        step_size=whole("step_size", 1),
        allocation_ratio=_ratio(1.0 if ratio is None else ratio, found),
    )
    if len(found) == found_before:
        _compare(inventory, found)
    return inventory if len(found) == found_before else None


def is_same(one: Inventories, other: Inventories) -> bool:
    """Return whether two sets of inventories are equal; databases may store ratios with low precision."""
    return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)


def drained(inventory: Inventory) -> Inventory:
    """Return the inventory with everything reserved: existing allocations stay, new ones are impossible."""
    return {**inventory, "reserved": inventory["total"]}


def capacities(inventory: Inventory | None) -> tuple[float, float]:
    """Return what an inventory offers: in total, and without the reserved part."""
    if inventory is None:
        return 0, 0
    ratio = inventory["allocation_ratio"]
    return inventory["total"] * ratio, (inventory["total"] - inventory["reserved"]) * ratio


def _whole(field: str, value: Any, found: list[str]) -> int:
    number = value
    text = value.strip() if isinstance(value, str) else ""
    if DIGITS.match(text) or isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        found.append(f"{field} must be a whole number and not {numbers.shown(value)}")
        return 0
    if field == "total" and number == 0:
        found.append("total must not be 0, because Placement has no empty inventories. Remove the resource class")
    elif not LEAST[field] <= number <= HIGHEST:
        found.append(f"{field} must be from {LEAST[field]} to {HIGHEST} and not {numbers.shown(number)}")
    return number


def _ratio(value: Any, found: list[str]) -> float:
    text = value.strip() if isinstance(value, str) else ""
    is_number = numbers.DECIMAL.match(text) or isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.nan
    except OverflowError:
        number = math.nan
    if not 0 < number <= HIGHEST_RATIO:
        found.append(f"allocation_ratio must be a number above 0 and not {numbers.shown(value)}")
    return number


def _compare(inventory: Inventory, found: list[str]) -> None:
    total, most = ("total", inventory["total"]), ("max_unit", inventory["max_unit"])
    for low, high in (
        (("reserved", inventory["reserved"]), total),
        (("min_unit", inventory["min_unit"]), most),
        (most, total),
    ):
        if low[1] > high[1]:
            found.append(f"{low[0]} {low[1]} is more than {high[0]} {high[1]}")


def _same(one: Inventory, other: Inventory) -> bool:
    close = math.isclose(one["allocation_ratio"], other["allocation_ratio"], rel_tol=1e-6)
    return close and {**one, "allocation_ratio": 1.0} == {**other, "allocation_ratio": 1.0}
