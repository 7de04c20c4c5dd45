# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The definitions that mdevctl keeps: one JSON file ``etc/mdevctl.d/<parent>/<uuid>`` for each mdev that is to exist
(mdevctl(8), "FILES").
"""

from __future__ import annotations

import json
from typing import Any

from .._core.grammar import UUID, type_id
from .._core.text import CONTROL
from .._host.root import HostRoot
from . import mdev as _mdev
from .attributes import check

DIRECTORY = "etc/mdevctl.d"


def observe(host: HostRoot) -> dict[tuple[str, str], dict[str, Any]]:
    """By (parent, uuid) the fields ``type``, ``autostart`` and ``attributes`` of each definition."""
    found = {}
    for parent in host.names(DIRECTORY):
        for uuid in host.names(f"{DIRECTORY}/{parent}"):
            if UUID.match(uuid):
                definition = _read(host, path(parent, uuid))
                if definition:
                    found[parent, uuid] = definition
    return found


def apply(
    definitions: dict[tuple[str, str], dict[str, Any]], devices: list[dict[str, Any]], mdevs: _mdev.Mdevs
) -> list[dict[str, Any]]:
    """Add to ``devices`` what mdevctl knows of them; return those that are only defined."""
    for device in devices:
        definition = definitions.get((device["parent"], device["uuid"]))
        if definition:
            device["autostart"] = definition["autostart"]
            device["attributes"] = definition["attributes"]
    existing = {(device["parent"], device["uuid"]) for device in devices}
    return [
        _mdev.new_device(
            parent, uuid=uuid, state="defined", type_name=mdevs.type_name(definition["type"]), **definition
        )
        for (parent, uuid), definition in definitions.items()
        if (parent, uuid) not in existing
    ]


def pairs(uuid: str, attributes: list[dict[str, str]]) -> list[tuple[str, str]]:
    """The attributes of a definition as pairs; ``ValueError`` if one must not be written."""
    found = []
    for place, attribute in enumerate(attributes):
        try:
            found.append(check(attribute))
        except ValueError as error:
            raise ValueError(
                f"the mdevctl definition of {uuid} cannot be kept: {error}, with mdevctl modify --uuid {uuid} "
                f"--delattr --index {place}"
            ) from error
    return found


def text(definition: dict[str, Any]) -> str:
    """A definition in the very form that mdevctl writes: two spaces, no newline at the end."""
    content = {
        "mdev_type": definition["type"],
        "start": "auto" if definition["autostart"] else "manual",
        "attrs": definition["attributes"],
    }
    return json.dumps(content, indent=2)


def save(host: HostRoot, parent: str, uuid: str, definition: dict[str, Any] | None) -> None:
    """Replace a definition, or with None remove it."""
    if definition is None:
        host.remove_file(path(parent, uuid))
    else:
        host.replace_file(path(parent, uuid), text(definition))


def path(parent: str, uuid: str) -> str:
    """Where a definition is kept."""
    return f"{DIRECTORY}/{parent}/{uuid}"


def _read(host: HostRoot, file: str) -> dict[str, Any] | None:
    content = host.read(file)
    if content is None:
        return None
    try:
        definition = json.loads(content)
        return {
            "type": type_id(str(definition["mdev_type"])),
            "autostart": definition.get("start") == "auto",
            "attributes": [_attribute(attribute) for attribute in definition.get("attrs") or []],
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        host.warn(f"{file} is no definition of mdevctl: it must be a JSON object with mdev_type, start and attrs")
        return None


def _attribute(attribute: dict[str, Any]) -> dict[str, str]:
    ((name, value),) = attribute.items()
    if CONTROL.search(f"{name}{value}"):
        raise ValueError
    return {str(name): str(value)}
