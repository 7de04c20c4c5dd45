# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The steps of mdev_instance, and what it tells of devices, as dictionaries with the names that results have."""

from __future__ import annotations

from typing import Any

from .._model.host import Device
from .._model.wanted import DeviceWanted

Step = dict[str, Any]


def described(device: Device, entry: DeviceWanted | None) -> Step:
    """A device with the place of its entry in the list."""
    return {
        "item": entry.place if entry else None,
        "uuid": device.uuid,
        "address": device.address,
        "parent": device.parent,
        "type": device.type_id,
        "type_name": device.type_name,
        "users": list(device.users),
    }


def kept_device(device: Device, entry: DeviceWanted, card: str, attributes: tuple[tuple[str, str], ...]) -> Step:
    """A device that stays, as it is to be at the next boot."""
    autostart = device.autostart if entry.autostart is None else entry.autostart
    return {**described(device, entry), "card": card, "attributes": attributes, "autostart": autostart is not False}


def removal(device: Device, place: int | None, card: str) -> Step:
    return {**described(device, None), "item": place, "action": "remove", "card": card, "state": device.state}


def creation(
    entry: DeviceWanted,
    card: str,
    parent: str,
    uuid: str | None,
    type_id: str,
    type_name: str | None,
    best_effort: bool,
) -> Step:
    """A new device; one without a UUID is a VF that gets a type. With ``best_effort`` its parent may be full."""
    return {
        "item": entry.place,
        "action": "create",
        "card": card,
        "uuid": uuid,
        "address": None if uuid else parent,
        "parent": parent,
        "type": type_id,
        "type_name": type_name,
        "attributes": entry.attributes,
        "autostart": entry.autostart is not False,
        "best_effort": best_effort,
    }
