# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find what each parent of a card offers: the declared type, or the type of its devices in use.

nova fails at a parent whose devices are missing while a guest uses one of them.
"""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.capacity import ONE_TYPE, Capacity, CardDevices
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import GpuInstances
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import capacity_of_card
from ansible_collections.vfio.devices.plugins.module_utils._model import host as model
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import host
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Device, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Parent

DEFINED = "defined"


def of_parents(subject: Subject, type_id: str) -> list[Parent]:
    """Return each parent with ``type``, ``existing`` devices, and ``total``, which includes possible devices.

    ``type`` is ``type_id`` unless guests have devices of another type. If the users were not read, a parent without
    capacity for ``type_id`` has its current type as ``now``, and counts as free.
    """
    present = [device for device in subject["devices"] if device["state"] != DEFINED]
    others = [device for device in present if device["type"] != type_id]
    parents = _declared(subject, type_id, present, [device for device in others if not device.get("users")])
    if any(device.get("users") for device in others):
        return [parent if parent["total"] else _as_it_is(parent, subject, others) for parent in parents]
    unseen = [device for device in others if device.get("users") is None]
    if unseen:
        for parent, now in zip(parents, _declared(subject, type_id, present, [])):
            as_it_is = now if now["total"] else _as_it_is(now, subject, unseen)
            if as_it_is["type"] != type_id:
                parent["now"] = {
                    "type": as_it_is["type"],
                    "existing": as_it_is["existing"],
                    "total": as_it_is["total"],
                }
    return parents


def gpu_instances(subject: Subject) -> GpuInstances | None:
    """Return the GPU instances of a card with MIG, or None."""
    mig = subject.get("mig")
    if not mig or not mig["enabled"]:
        return None
    profiles, instances = mig["profiles"], mig["instances"]
    return GpuInstances(tuple(one["name"] for one in profiles), tuple(one["profile"] for one in instances))


def rooms_of(subject: Subject, mix: str, occupied: bool = True) -> Capacity:
    """Return the capacity of a card with or without its devices."""
    names = {offered["id"]: offered["name"] for offered in subject["types"]}
    present = [device for device in subject["devices"] if device["state"] != DEFINED]
    occupants = [(device["parent"], device["type"]) for device in present]
    parents = [_parent(parent) for parent in subject["parents"]]
    rooms = capacity_of_card(CardDevices(parents, occupants, names, mix, gpu_instances(subject)))
    for parent, type_id in () if occupied else occupants:
        rooms.give(parent, type_id)
    return rooms


def held(subject: Subject) -> list[Parent]:
    """Return the parents with devices that a card without vGPUs in its profile keeps.

    Only an unused virtual function with a type does not prevent the change of the card.
    """
    devices = [device for device in subject["devices"] if device["state"] != DEFINED]
    used = [device for device in devices if device["uuid"] or device.get("users") is None or device["users"]]
    parents = [
        _as_it_is(
            {"name": one["name"], "numa_node": one["numa_node"], "type": "", "existing": 0, "total": 0}, subject, used
        )
        for one in subject["parents"]
    ]
    return [parent for parent in parents if parent["total"]]


def held_type(parents: list[Parent], type_id: str) -> str | None:
    """Return the type that all offering parents keep instead of ``type_id``, or None."""
    kept = {parent["type"] for parent in parents if parent["total"]}
    return kept.pop() if len(kept) == 1 and type_id not in kept else None


def _parent(parent: host.Parent) -> model.Parent:
    """Convert a parent of the facts as far as its capacity depends on it."""
    offers = (
        model.Offer(
            model.VgpuType(offered["id"], offered["name"], offered["description"], offered["attributes"]),
            offered["available_instances"],
        )
        for offered in parent["types"]
    )
    return model.Parent(
        parent["name"], parent["framework"], physical_function=parent["physical_function"], offers=tuple(offers)
    )


def _declared(subject: Subject, type_id: str, present: list[Device], removable: list[Device]) -> list[Parent]:
    """Return the parents with their devices of the type after ``removable`` devices were removed."""
    rooms = rooms_of(subject, ONE_TYPE)
    for device in removable:
        rooms.give(device["parent"], device["type"])
    totals: list[Parent] = []
    for parent in subject["parents"]:
        existing = sum(device["parent"] == parent["name"] and device["type"] == type_id for device in present)
        room = rooms.room(parent["name"], type_id)
        if len(subject["parents"]) > 1:
            for type_taken in [type_id] * room:
                rooms.take(parent["name"], type_taken)
        totals.append(
            {
                "name": parent["name"],
                "numa_node": parent["numa_node"],
                "type": type_id,
                "existing": existing,
                "total": existing + room,
            }
        )
    return totals


def _as_it_is(parent: Parent, subject: Subject, others: list[Device]) -> Parent:
    """Return the parent with the type of its remaining devices, if they all have one type."""
    kept = {device["type"] for device in others if device["parent"] == parent["name"]}
    type_id = kept.pop() if len(kept) == 1 else None
    if type_id is None:
        return parent
    existing = sum(device["parent"] == parent["name"] for device in others)
    (subject_parent,) = (one for one in subject["parents"] if one["name"] == parent["name"])
    free = [one["available_instances"] or 0 for one in subject_parent["types"] if one["id"] == type_id]
    return {**parent, "type": type_id, "existing": existing, "total": existing + sum(free)}
