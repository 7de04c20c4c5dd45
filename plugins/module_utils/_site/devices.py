# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert the state of mdev_instance to plain data and back; data that facts contain is not repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from .._devices.identity import Identity
from .._frameworks.mig_types import GpuInstances
from .._host.records import Record
from .._instances.context import Context
from .._model.host import Definition, Device, FrameworkState, Offer, Parent, VgpuType
from .._run.facts import DEVICES, PARENTS, Facts

if TYPE_CHECKING:
    from .._instances.state import State


class Plain(TypedDict):
    """The data that facts lack. A definition is its parent, UUID, type, autostart and attributes."""

    definitions: list[list[Any]]
    known_types: Mapping[str, Mapping[str, str]]
    records: dict[str, Record]
    identities: Mapping[str, Identity]
    unreadable: Mapping[str, str]
    gpu_instances: Mapping[str, list[list[str]]]
    machine_id: str | None


def as_plain(made: FrameworkState, context: Context) -> Plain:
    """Return the data to send with the facts."""
    definitions = [
        [*key, one.type_id, one.autostart, [list(pair) for pair in one.attributes]]
        for key, one in made.definitions.items()
    ]
    return {
        "definitions": definitions,
        "known_types": made.known_types,
        "records": context.records,
        "identities": context.identities,
        "unreadable": context.unreadable,
        "gpu_instances": {card: [list(names) for names in gpu] for card, gpu in context.gpu_instances.items()},
        "machine_id": context.machine_id,
    }


def state_of(facts: Facts, plain: Plain) -> State:
    """Return the state that mdev_instance would observe, without functions of the host and without users."""
    # Only the controller calls this function.
    from .._instances.assemble import assemble

    definitions = {
        (parent, uuid): Definition(type_id, autostart, _pairs(attributes))
        for parent, uuid, type_id, autostart, attributes in plain["definitions"]
    }
    made = FrameworkState(
        [_parent(parent) for parent in facts[PARENTS]],
        [_device(device) for device in facts[DEVICES]],
        definitions,
        plain["known_types"],
    )
    context = Context(
        records=plain["records"],
        identities=plain["identities"],
        unreadable=plain["unreadable"],
        gpu_instances={
            card: GpuInstances(tuple(profiles), tuple(instances))
            for card, (profiles, instances) in plain["gpu_instances"].items()
        },
        machine_id=plain["machine_id"],
    )
    return assemble(made, context)


def _parent(fact: Facts) -> Parent:
    return Parent(
        name=fact["name"],
        framework=fact["framework"],
        bus=fact["bus"],
        address=fact["address"],
        physical_function=fact["physical_function"],
        numa_node=fact["numa_node"],
        offers=tuple(
            Offer(
                VgpuType(one["id"], one["name"], one["description"], one["attributes"], one["device_api"]),
                one["available_instances"],
                one["max_instances"],
            )
            for one in fact["types"]
        ),
    )


def _device(fact: Facts) -> Device:
    return Device(
        parent=fact["parent"],
        framework=fact["framework"],
        uuid=fact["uuid"],
        address=fact["address"],
        type_id=fact["type"],
        type_name=fact["type_name"],
        iommu_group=fact["iommu_group"],
        state=fact["state"],
        autostart=fact["autostart"],
        attributes=_pairs([list(one.items())[0] for one in fact["attributes"]]),
    )


def _pairs(attributes: list[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in attributes)
