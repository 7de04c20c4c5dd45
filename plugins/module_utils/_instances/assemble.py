# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The state of a host for mdev_instance from what was read of it; pure."""

from __future__ import annotations

from collections.abc import Mapping

from .._devices.identity import Identity
from .._frameworks.every import Made
from .._host.records import Record
from .._model.host import Device
from . import identities
from .records import only_recorded
from .state import State


def assemble(
    made: Made,
    records: dict[str, Record],
    identities_now: Mapping[str, Identity],
    unreadable: Mapping[str, str],
    machine_id: str | None,
) -> State:
    """The state without the functions of the host; the identities are taken out of ``records``."""
    devices = [*made.devices, *_only_recorded(records, made)]
    state = State(
        parents=made.parents,
        devices=devices,
        definitions=made.definitions,
        known_types=made.known_types,
        records=records,
        recorded_identities=identities.taken_out(records),
        identities=identities_now,
        unreadable=unreadable,
        machine_id=machine_id,
    )
    return identities.follow(state)


def _only_recorded(records: Mapping[str, Record], made: Made) -> list[Device]:
    frameworks = {parent.name: parent.framework for parent in made.parents}
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
        for instance in only_recorded(records, {device.key for device in made.devices}, set(frameworks))
    ]
