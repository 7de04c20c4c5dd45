# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether the driver allows several types on a card, and distribute its parents to the types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Union

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.capacity import ANY_SIZE, ONE_SIZE, Capacity
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Device, OfferedType, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Parent
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Share
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import offered_types

SHOWN = 3
# The number of devices by type id, or ``max``.
Wanted = Mapping[str, Union[int, str]]
# An entry of ``vgpu`` with its type.
Chosen = tuple[Share, OfferedType]


class Placed(NamedTuple):
    """The parents of one type in the form of a plan, and the number of devices that wait until guests leave."""

    parents: list[Parent]
    waiting: int


def why_not(chosen: list[Chosen], subject: Subject) -> str | None:
    """Return the driver rule that a mix breaks, or None; ``chosen`` are entries with their types."""
    rooms = _rooms(subject, [offered["id"] for _share, offered in chosen])
    ids = dict.fromkeys(offered["id"] for _share, offered in chosen)
    sizes = {type_id: size for type_id in ids if (size := rooms.framebuffer(type_id)) is not None}
    if len(set(sizes.values())) < 2 or len(sizes) < len(ids) or not rooms.exclusive:
        return None
    first = sizes[chosen[0][1]["id"]]
    alike = [
        one["name"] or one["id"]
        for one in subject["types"]
        if rooms.framebuffer(one["id"]) == first and one["id"] not in sizes
    ]
    names = " and ".join(f"{offered['name']} ({_gib(sizes[offered['id']])})" for _share, offered in chosen)
    advice = f"Write types with {_gib(first)}, such as {', '.join(alike[:SHOWN])}" if alike else "Use one of them"
    return f"{names} cannot be together, because all vGPUs of this GPU must have the same framebuffer size. {advice}"


def _rooms(subject: Subject, type_ids: Iterable[str], occupied: bool = True) -> Capacity:
    """Return the capacity of a card for a mix. Different sizes need a mode, which mdev_instance enables."""
    rooms = offered_types.rooms_of(subject, ONE_SIZE, occupied)
    if rooms.has_heterogeneous_mode and len({rooms.framebuffer(type_id) for type_id in type_ids}) > 1:
        rooms = offered_types.rooms_of(subject, ANY_SIZE, occupied)
    return rooms


def place(wanted: Wanted, subject: Subject) -> tuple[dict[str, Placed], str | None]:
    """Return the result for each type id of ``wanted`` (type ids with number or max), and a problem or None.

    Existing devices stay, first those of guests, in the order in which mdev_instance selects them.
    """
    present = [device for device in subject["devices"] if device["state"] != offered_types.DEFINED]
    claimed = {type_id: _claimed(type_id, count, present) for type_id, count in wanted.items()}
    others = [one for one in present if not any(one in devices for devices in claimed.values())]
    remaining = [one for one in others if one.get("users") or one["state"] != "active"]
    rooms = _rooms(subject, wanted)
    rooms.ignore_counters()
    for device in others:
        if device not in remaining:
            rooms.give(device["parent"], device["type"])
    names = [parent["name"] for parent in subject["parents"]]
    new = {type_id: _take(type_id, count, len(claimed[type_id]), names, rooms) for type_id, count in wanted.items()}
    # A type with max needs at least one device.
    short = {type_id: _least(count) - len(claimed[type_id]) - len(new[type_id]) for type_id, count in wanted.items()}
    short = {type_id: number for type_id, number in short.items() if number > 0}
    if short and not remaining:
        return {}, _too_many(wanted, subject)
    nodes = {parent["name"]: parent["numa_node"] for parent in subject["parents"]}
    placed = {}
    for place, type_id in enumerate(wanted):
        # Settings list a remaining device under its own type, or under the first type if its type is not declared.
        kept = [one for one in remaining if one["type"] == type_id or (not place and one["type"] not in wanted)]
        parents = _parents(type_id, [*claimed[type_id], *kept], new[type_id], nodes, others)
        placed[type_id] = Placed(parents, short.get(type_id, 0))
    return placed, None


def too_many(wanted: Mapping[str, int], subject: Subject) -> str | None:
    """Return the message if the numbers of ``wanted`` do not even fit on the empty card, or None."""
    fits = _fair(wanted, subject, _rooms(subject, wanted, occupied=False))
    return _too_many(wanted, subject) if fits != wanted else None


def _claimed(type_id: str, count: int | str, present: list[Device]) -> list[Device]:
    own = [one for one in present if one["type"] == type_id and one["state"] == "active"]
    own.sort(key=lambda one: (not one.get("users"), one["parent"], str(one["uuid"])))
    return own if isinstance(count, str) else own[:count]


def _take(type_id: str, count: int | str, existing: int, names: list[str], rooms: Capacity) -> list[str]:
    """Return the parents for the missing devices, one name per device."""
    taken: list[str] = []
    for name in names:
        while (isinstance(count, str) or existing + len(taken) < count) and rooms.room(name, type_id):
            rooms.take(name, type_id)
            taken.append(name)
    return taken


def _parents(
    type_id: str, devices: list[Device], new: list[str], nodes: Mapping[str, int | None], others: list[Device]
) -> list[Parent]:
    existing = Counter((one["parent"], one["type"]) for one in devices)
    total = existing + Counter((name, type_id) for name in new)
    unseen = {one["parent"]: one["type"] for one in others if one.get("users") is None}
    parents: list[Parent] = []
    for (name, own), number in sorted(total.items()):
        parent: Parent = {
            "name": name,
            "numa_node": nodes[name],
            "type": own or "",
            "existing": existing[name, own],
            "total": number,
        }
        if not existing[name, own] and name in unseen:
            parent["now"] = {"type": unseen[name] or "", "existing": 1, "total": 1}
        parents.append(parent)
    return parents


def _too_many(wanted: Wanted, subject: Subject) -> str:
    """Return the message with the numbers, and a fair mix that fits on the empty card."""
    names = {offered["id"]: offered["name"] or offered["id"] for offered in subject["types"]}
    rooms = _rooms(subject, wanted, occupied=False)
    numbers_of_types = {type_id: _least(count) for type_id, count in wanted.items()}
    fits = _fair(numbers_of_types, subject, rooms)
    sizes = [(rooms.framebuffer(type_id), count) for type_id, count in numbers_of_types.items()]
    numbers = []
    if rooms.memory and None not in dict(sizes):
        needed = sum(size * count for size, count in sizes if size is not None)
        numbers += [f"{_gib(needed)}, and it has {_gib(rooms.memory)}"] if needed > rooms.memory else []
    devices, functions = sum(count for _size, count in sizes), len(subject["parents"])
    if functions > 1 and devices > functions:
        numbers.append(f"{devices} virtual functions, and it has {functions}")
    why = f". They need {' and '.join(numbers)}" if numbers else ""
    some = {type_id: count for type_id, count in fits.items() if count} or fits
    return f"{_listed(numbers_of_types, names)} do not fit on this card{why}. {_listed(some, names)} would fit"


def _least(count: int | str) -> int:
    return 1 if isinstance(count, str) else count


def _listed(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    return " and ".join(f"{count} x {names[type_id]}" for type_id, count in counts.items())


def _fair(wanted: Mapping[str, int], subject: Subject, rooms: Capacity) -> dict[str, int]:
    """Add one device of each type in turn while there is capacity."""
    rooms.ignore_counters()
    fits, names = dict.fromkeys(wanted, 0), [parent["name"] for parent in subject["parents"]]
    progress = True
    while progress:
        progress = False
        for type_id, count in wanted.items():
            if fits[type_id] < count and _take(type_id, 1, 0, names, rooms):
                fits[type_id] += 1
                progress = True
    return fits


def _gib(mib: int) -> str:
    return f"{mib / 1024:g} GB"
