# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Mediated devices of any bus: parents, what they can make, and what exists
(Documentation/driver-api/vfio-mediated-device.rst).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from . import _type_description
from ._grammar import UUID
from ._host import HostRoot
from ._pci import NumaNodes, PciFunction, iommu_group

FRAMEWORK = "mdev"
PARENTS = "sys/class/mdev_bus"
DEVICES = "sys/bus/mdev/devices"


class TypeCatalog:
    """What belongs to a type whichever parent offers it, read once for each type id."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self._types: dict[str, dict[str, Any]] = {}

    def read(self, type_id: str, path: str) -> dict[str, Any]:
        """The static fields of a type; ``path`` is its directory below any parent."""
        known = self._types.get(type_id)
        # A driver may fail to answer for one parent only.
        if known is None or known["device_api"] is None:
            known = self._types[type_id] = self._read(type_id, path)
        return known

    def name(self, type_id: str | None) -> str | None:
        """The name of a type that has been read."""
        known = self._types.get(type_id or "")
        return known["name"] if known else None

    def _read(self, type_id: str, path: str) -> dict[str, Any]:
        description = self._host.read(f"{path}/description", optional=True)
        return {
            "id": type_id,
            # Kernels before 6.1 may have none.
            "name": self._host.read(f"{path}/name", optional=True),
            "description": description,
            "attributes": _type_description.attributes(description),
            "device_api": self._host.read(f"{path}/device_api"),
        }


def parent_names(host: HostRoot) -> list[str]:
    """The devices on which mdevs can be made."""
    return host.names(PARENTS)


def observe_devices(
    host: HostRoot, functions: dict[str, PciFunction], catalog: TypeCatalog
) -> list[dict[str, Any]]:
    """Every mdev that the kernel has, the ones whose removal waits for their user included."""
    active = {}
    for uuid in host.names(DEVICES):
        device = _active_device(host, uuid, catalog)
        if device:
            active[uuid] = device
    removing = [
        _half_removed_device(host, parent, uuid)
        for parent in parent_names(host)
        for uuid in _children(host, parent, functions)
        if uuid not in active and host.exists(f"{PARENTS}/{parent}/{uuid}")
    ]
    return [*active.values(), *removing]


def observe_parents(
    host: HostRoot,
    functions: dict[str, PciFunction],
    devices: list[dict[str, Any]],
    catalog: TypeCatalog,
    numa_nodes: NumaNodes,
) -> list[dict[str, Any]]:
    """Every parent with its types; ``devices`` (of :func:`observe_devices`) count towards a type's maximum."""
    existing = Counter((device["parent"], device["type"]) for device in devices)
    return [_parent(host, name, functions, existing, catalog, numa_nodes) for name in parent_names(host)]


def new_device(parent: str | None, **fields: Any) -> dict[str, Any]:
    """An entry of the list ``devices`` with every field that it has."""
    return {
        "uuid": None,
        "address": None,
        "framework": FRAMEWORK,
        "type": None,
        "type_name": None,
        "parent": parent,
        "iommu_group": None,
        "state": "active",
        "autostart": None,
        "attributes": [],
        "users": None,
        **fields,
    }


def _active_device(host: HostRoot, uuid: str, catalog: TypeCatalog) -> dict[str, Any] | None:
    path = f"{DEVICES}/{uuid}"
    # The link leads to <parent's directory>/<uuid>.
    target = (host.link(path) or "").split("/")
    if not UUID.match(uuid) or len(target) < 2:
        host.warn(f"{path[:200]} is no mediated device")
        return None
    type_id = host.link_name(f"{path}/mdev_type")
    if type_id is None and not host.exists(path):
        return None
    return new_device(
        target[-2],
        uuid=uuid,
        type=type_id,
        type_name=catalog.read(type_id, f"{path}/mdev_type")["name"] if type_id else None,
        iommu_group=iommu_group(host, path),
    )


def _children(host: HostRoot, parent: str, functions: dict[str, PciFunction]) -> list[str]:
    entries = functions[parent].entries if parent in functions else host.names(f"{PARENTS}/{parent}")
    return [entry for entry in entries if UUID.match(entry)]


def _half_removed_device(host: HostRoot, parent: str, uuid: str) -> dict[str, Any]:
    """While its user keeps it open, a removed mdev has lost its links but not its directory and group."""
    group = iommu_group(host, f"{PARENTS}/{parent}/{uuid}")
    return new_device(parent, uuid=uuid, iommu_group=group, state="removing")


def _parent(
    host: HostRoot,
    name: str,
    functions: dict[str, PciFunction],
    existing: Counter[tuple[str, str]],
    catalog: TypeCatalog,
    numa_nodes: NumaNodes,
) -> dict[str, Any]:
    function = functions.get(name)
    path = f"{PARENTS}/{name}"
    card = functions.get(function.physical_function or name) if function else None
    types = []
    for type_id in host.names(f"{path}/mdev_supported_types"):
        type_path = f"{path}/mdev_supported_types/{type_id}"
        static = catalog.read(type_id, type_path)
        available = host.read_number(f"{type_path}/available_instances")
        types.append(
            {
                **static,
                "available_instances": available,
                "max_instances": _max_instances(static, available, existing[name, type_id]),
            }
        )
    return {
        "name": name,
        "bus": "pci" if function else host.link_name(f"{path}/subsystem"),
        "address": name if function else None,
        "physical_function": card.address if card else None,
        "numa_node": numa_nodes[card.address] if card else None,
        "framework": FRAMEWORK,
        "types": types,
    }


def _max_instances(static: dict[str, Any], available: int | None, existing: int) -> int | None:
    """NVIDIA states how many instances a whole GPU can have; elsewhere it is what is there and what still fits."""
    stated = static["attributes"].get("max_instance")
    if isinstance(stated, int):
        return stated
    return None if available is None else available + existing
