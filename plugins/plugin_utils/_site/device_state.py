# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert plain data of the module ``cards`` to the state of mdev_instance."""

from __future__ import annotations

from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import GpuInstances
from ansible_collections.vfio.devices.plugins.module_utils._instances.assemble import assemble
from ansible_collections.vfio.devices.plugins.module_utils._instances.context import Context
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import State
from ansible_collections.vfio.devices.plugins.module_utils._model.host import (
    Definition,
    Device,
    FrameworkState,
    Offer,
    Parent,
    VgpuType,
)
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import DEVICES, PARENTS, Facts
from ansible_collections.vfio.devices.plugins.module_utils._site.devices import PlainDevices


def state_of(facts: Facts, plain: PlainDevices) -> State:
    """Return the state that mdev_instance would observe, without functions of the host and without users."""
    definitions = {
        (parent, uuid): Definition(type_id, autostart, _pairs(attributes))
        for parent, uuid, type_id, autostart, attributes in plain["definitions"]
    }
    framework_state = FrameworkState(
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
    return assemble(framework_state, context)


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
