# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write mdevctl definitions: one JSON file ``etc/mdevctl.d/<parent>/<uuid>`` per mdev (mdevctl(8))."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional, Protocol

from .._core.grammar import PCI_ADDRESS, UUID, type_id
from .._core.text import CONTROL
from .._host.records import INSTANCE_RECORDS, read_records
from .._host.root import HostRoot
from .._model.host import Definition, Device
from .attributes import check
from .mdev_view import MDEV

DEFINITIONS = "etc/mdevctl.d"


class Types(Protocol):
    """The current types of the parents of a host."""

    def type_name(self, type_id: str) -> Optional[str]:
        """Return the name of a type."""

    def type_id(self, parent: str, name: str) -> Optional[str]:
        """Return the id of the type with this name on a parent."""


def read_definitions(host: HostRoot) -> dict[tuple[str, str], Definition]:
    """Return each definition by (parent, uuid), both in the kernel's spelling.

    mdevctl also accepts capital letters in file names.
    """
    found = {}
    for place, paths in _files(host).items():
        # If several file names differ only in case, the last one in sorting order is effective.
        definition = next(filter(None, (_read(host, path) for path in reversed(paths))), None)
        if definition:
            found[place] = definition
    return found


def _files(host: HostRoot, only: Optional[str] = None) -> dict[tuple[str, str], list[str]]:
    """Return the paths of each definition by (parent, uuid), optionally of one parent."""
    found: dict[tuple[str, str], list[str]] = {}
    for directory in host.names(DEFINITIONS):
        parent = directory.lower() if PCI_ADDRESS.match(directory.lower()) else directory
        for name in host.names(f"{DEFINITIONS}/{directory}") if only in (None, parent) else ():
            if UUID.match(name.lower()):
                found.setdefault((parent, name.lower()), []).append(f"{DEFINITIONS}/{directory}/{name}")
    return found


def recorded_names(host: HostRoot) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the recorded type id and name of each device of this collection by (parent, uuid)."""
    found = {}
    for record in read_records(host, INSTANCE_RECORDS).values():
        instances = record.get("instances")
        for one in instances if isinstance(instances, list) else ():
            named = one if isinstance(one, dict) else {}
            parent, uuid, type_id, name = (named.get(field) for field in ("parent", "uuid", "type", "type_name"))
            if isinstance(parent, str) and isinstance(uuid, str) and isinstance(type_id, str) and isinstance(name, str):
                found[parent, uuid] = type_id, name
    return found


def apply_definitions(
    host: HostRoot,
    definitions: Mapping[tuple[str, str], Definition],
    devices: list[Device],
    types: Types,
) -> tuple[list[Device], list[Device]]:
    """Return ``devices`` with their definitions, and the devices that are only defined.

    A new driver version may give an id to another type. For devices of this collection, the recorded type name decides.
    """
    existing = {device.key for device in devices}
    waiting = {place: definition for place, definition in definitions.items() if place not in existing}
    recorded = recorded_names(host) if waiting else {}
    return (
        [_with_definition(device, definitions.get(device.key)) for device in devices],
        [_defined(place, definition, recorded.get(place), types) for place, definition in waiting.items()],
    )


def _with_definition(device: Device, definition: Definition | None) -> Device:
    if definition is None:
        return device
    return device._replace(autostart=definition.autostart, attributes=definition.attributes)


def _defined(
    place: tuple[str, str], definition: Definition, recorded: Optional[tuple[str, str]], types: Types
) -> Device:
    parent, uuid = place
    type_id, name = definition.type_id, types.type_name(definition.type_id)
    if recorded and recorded[0] == type_id and recorded[1] != name:
        name = recorded[1]
        type_id = types.type_id(parent, name) or type_id
    return Device(
        parent,
        MDEV,
        uuid=uuid,
        type_id=type_id,
        type_name=name,
        state="defined",
        autostart=definition.autostart,
        attributes=definition.attributes,
    )


def checked_attributes(device: Device) -> tuple[tuple[str, str], ...]:
    """Return the attributes of a device's definition; raise ``ValueError`` if one must not be written."""
    found = []
    for place, (name, value) in enumerate(device.attributes):
        try:
            found.append(check({name: value}))
        except ValueError as error:
            raise ValueError(
                f"the mdevctl definition of {device.uuid} is invalid: {error}. Remove the attribute with mdevctl "
                f"modify --uuid {device.uuid} --delattr --index {place}"
            ) from error
    return tuple(found)


def definition_text(definition: Definition) -> str:
    """Return a definition in the exact format of mdevctl: two spaces, no final newline."""
    content = {
        "mdev_type": definition.type_id,
        "start": "auto" if definition.autostart else "manual",
        "attrs": definition.attribute_list,
    }
    return json.dumps(content, indent=2)


def save_definition(host: HostRoot, parent: str, uuid: str, definition: Definition | None) -> None:
    """Write a definition and remove its other spellings; None removes all."""
    if definition is not None:
        host.replace_file(definition_path(parent, uuid), definition_text(definition))
    for spelling in _files(host, parent).get((parent, uuid), []):
        # A file name in capital letters would be a second definition of the same device.
        if definition is None or spelling != definition_path(parent, uuid):
            host.remove_file(spelling)


def definition_path(parent: str, uuid: str) -> str:
    return f"{DEFINITIONS}/{parent}/{uuid}"


def _read(host: HostRoot, file: str) -> Definition | None:
    content = host.read(file)
    if content is None:
        return None
    try:
        definition = json.loads(content)
        return Definition(
            type_id(str(definition["mdev_type"])),
            definition.get("start") == "auto",
            tuple(_attribute(attribute) for attribute in definition.get("attrs") or []),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        host.warn(f"/{file} is not an mdevctl definition: it must be a JSON object with mdev_type, start and attrs")
        return None


def _attribute(attribute: Mapping[str, Any]) -> tuple[str, str]:
    ((name, value),) = attribute.items()
    if CONTROL.search(f"{name}{value}"):
        raise ValueError
    return str(name), str(value)
