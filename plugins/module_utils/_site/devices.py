# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert the state of mdev_instance to JSON data; data that facts contain is not repeated.

``device_state`` on the controller converts it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from .._devices.identity import Identity
from .._host.records import Record
from .._instances.context import Context
from .._model.host import FrameworkState


class PlainDevices(TypedDict):
    """The data on devices that facts lack. A definition is its parent, UUID, type, autostart and attributes."""

    definitions: list[list[Any]]
    known_types: Mapping[str, Mapping[str, str]]
    records: dict[str, Record]
    identities: Mapping[str, Identity]
    unreadable: Mapping[str, str]
    gpu_instances: Mapping[str, list[list[str]]]
    machine_id: str | None


def as_plain(framework_state: FrameworkState, context: Context) -> PlainDevices:
    """Return the data to send with the facts."""
    definitions = [
        [*key, one.type_id, one.autostart, [list(pair) for pair in one.attributes]]
        for key, one in framework_state.definitions.items()
    ]
    return {
        "definitions": definitions,
        "known_types": framework_state.known_types,
        "records": context.records,
        "identities": context.identities,
        "unreadable": context.unreadable,
        "gpu_instances": {card: [list(names) for names in gpu] for card, gpu in context.gpu_instances.items()},
        "machine_id": context.machine_id,
    }
