# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Assemble the state for mdev_instance from data that was read; no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from .._host.records import Record
from .._model.host import Device, FrameworkState
from . import identities
from .context import Context
from .recorded import is_complete, only_recorded
from .removal import with_unreadable
from .state import State


def assemble(framework_state: FrameworkState, context: Context) -> State:
    """Return the state without the functions of the host; this removes the identities from the records."""
    records = context.records
    devices = [*_with_attributes(records, framework_state.devices), *_only_recorded(records, framework_state)]
    state = State(
        gpu_instances=context.gpu_instances,
        parents=framework_state.parents,
        devices=with_unreadable(devices, framework_state.parents, context.unreadable),
        definitions=framework_state.definitions,
        known_types=framework_state.known_types,
        records=records,
        recorded_identities=identities.remove_identities(records),
        identities=context.identities,
        unreadable=context.unreadable,
        machine_id=context.machine_id,
    )
    return identities.follow_moved_cards(state)


def _with_attributes(records: Mapping[str, Record], devices: list[Device]) -> list[Device]:
    """Return the devices. vGPUs on VFs have no definitions, so they get the attributes from their records."""
    recorded = {
        (one["address"], one["type_name"] or one["type"]): tuple((name, value) for name, value in one["attributes"])
        for record in records.values()
        for one in record["instances"]
        if is_complete(one) and one["address"] and one["attributes"]
    }
    found = []
    for device in devices:
        attributes = recorded.get((device.address, device.type_name or device.type_id)) if device.address else None
        found.append(device._replace(attributes=attributes) if attributes else device)
    return found


def _only_recorded(records: Mapping[str, Record], framework_state: FrameworkState) -> list[Device]:
    frameworks = {parent.name: parent.framework for parent in framework_state.parents}
    return [
        Device(
            parent=instance["parent"],
            framework=frameworks[instance["parent"]],
            uuid=instance["uuid"],
            address=instance["address"],
            type_id=instance["type"],
            type_name=instance["type_name"],
            state="defined",
            autostart=instance["autostart"],
            attributes=tuple((name, value) for name, value in instance["attributes"]),
        )
        for instance in only_recorded(records, {device.key for device in framework_state.devices}, set(frameworks))
    ]
