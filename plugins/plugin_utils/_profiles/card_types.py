# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Count the existing and possible devices of each type of a card, from its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._frameworks import mig_types
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import GpuInstances
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Device, OfferedType, Parent


class Counts(TypedDict):
    """The number of existing devices of a type, of free ones, and the maximum, or None if it is unknown."""

    existing: int
    free: int
    most: int | None


def by_name(
    parents: Iterable[Parent], devices: Iterable[Device], gpu_instances: GpuInstances | None = None
) -> dict[str, Counts]:
    """Return the numbers of the whole card by type name. On a card with MIG they depend on its ``gpu_instances``."""
    offers: dict[str, list[OfferedType]] = {}
    for parent in parents:
        for offered in parent["types"]:
            offers.setdefault(type_name(offered["name"], offered["id"]), []).append(offered)
    present = [device for device in devices if device["state"] != "defined"]
    existing = Counter(type_name(device["type_name"], device["type"]) for device in present)
    counts = {name: _count(offers[name], existing[name], len(present)) for name in offers}
    # A full GPU of the vendor-specific framework may not even offer the types of its devices.
    for name, number in existing.items():
        counts.setdefault(name, {"existing": number, "free": 0, "most": number})
    if gpu_instances:
        on_card = [type_name(device["type_name"], device["type"]) for device in present]
        for name, count in counts.items():
            count["free"] = min(count["free"], mig_types.room(name, on_card, gpu_instances))
            count["most"] = mig_types.room(name, [], gpu_instances)
    return counts


def type_name(name: str | None, type_id: str | None) -> str:
    return name or type_id or "?"


def _count(offers: list[OfferedType], existing: int, on_card: int) -> Counts:
    """Count one type: ``offers`` are the offers of all parents, ``on_card`` is the number of devices of all types."""
    free = sum(offered["available_instances"] or 0 for offered in offers)
    stated = offers[0]["attributes"].get("max_instance")
    if isinstance(stated, int):
        return {"existing": existing, "free": min(free, max(0, stated - on_card)), "most": stated}
    # If the driver does not report the maximum, it is unknown how many VFs can have the type at the same time. It is
    # also unknown whether an occupied card could offer a type that it does not offer now.
    silent = offers[0]["description"] is None or "max_instance" in offers[0]["attributes"]
    offering = sum(offered["available_instances"] != 0 for offered in offers)
    unknown = silent and len(offers) > 1 and (offering > 1 or not (offering or existing))
    return {"existing": existing, "free": free, "most": None if unknown else free + existing}
