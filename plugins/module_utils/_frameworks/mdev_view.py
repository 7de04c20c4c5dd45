# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The mediated devices of a host, their parents and types (Documentation/driver-api/vfio-mediated-device.rst)."""

from __future__ import annotations

from collections import Counter

from .._core.grammar import UUID
from .._devices.pci import NumaNodes, PciFunction, iommu_group
from .._host.root import HostRoot
from .._model.host import Device, Offer, Parent, VgpuType
from . import type_description

MDEV = "mdev"
PARENTS = "sys/class/mdev_bus"
DEVICES = "sys/bus/mdev/devices"
AVAILABLE = "available_instances"
# Files whose content depends only on the type, and not on the parent.
STATIC = ("description", "name", "device_api")
# In seconds: the same wait as in libvirt for this link (nodeDeviceCreateXML).
SETTLE = 1.0


class Mdevs:
    """The mediated devices of a host. Data that depends only on the type is read once per type."""

    def __init__(self, host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> None:
        self.parent_names = host.names(PARENTS)
        self._host = host
        self._functions = functions
        self._numa_nodes = numa_nodes
        self._types: dict[str, VgpuType] = {}

    def devices(self) -> list[Device]:
        """Return all mdevs in the kernel, including mdevs whose removal waits for their user."""
        names = self._host.names(DEVICES)
        active = [device for device in map(self._active_device, names) if device]
        known = {device.uuid for device in active}
        removing = [
            self._half_removed_device(parent, uuid)
            for parent in self.parent_names
            for uuid in self._children(parent)
            if uuid not in known and self._host.exists(f"{PARENTS}/{parent}/{uuid}")
        ]
        return [*active, *removing]

    def parents(self, devices: list[Device]) -> list[Parent]:
        """Return all parents with their types; ``devices`` count towards the maximum of a type."""
        existing = Counter((device.parent, device.type_id or "") for device in devices)
        directories = {name: f"{PARENTS}/{name}/mdev_supported_types" for name in self.parent_names}
        with self._host.names_ahead(directories.values()):
            offers = {name: self._host.names(directory) for name, directory in directories.items()}
        with self._host.ahead(self._files(offers)):
            return [self._parent(name, offers[name], existing) for name in self.parent_names]

    def type_name(self, type_id: str) -> str | None:
        """Return the name of a type that was read before, or None."""
        known = self._types.get(type_id)
        return known.name if known else None

    def type_id(self, parent: str, name: str) -> str | None:
        """Return the id that a parent now has for the type with this name."""
        directory = f"{PARENTS}/{parent}/mdev_supported_types"
        return next(
            (one for one in self._host.names(directory) if self._static(one, f"{directory}/{one}").name == name),
            None,
        )

    def _active_device(self, uuid: str) -> Device | None:
        path = f"{DEVICES}/{uuid}"
        # The link target ends with <parent>/<uuid>.
        target = (self._host.link(path) or "").split("/")
        if not UUID.match(uuid) or len(target) < 2:
            self._host.warn(f"/{path[:200]} is not a mediated device")
            return None
        types: list[str | None] = []

        def complete() -> bool:
            types[:] = [self._host.link_name(f"{path}/mdev_type")]
            return types[0] is not None or not self._host.exists(path)

        # While a device is created, its link on the bus appears first (drivers/vfio/mdev/mdev_core.c).
        self._host.wait(complete, SETTLE)
        type_id = types[0]
        if type_id is None and not self._host.exists(path):
            return None
        card = self._card(target[-2])
        self._host.belongs_to(uuid, card.address if card else target[-2])
        return Device(
            target[-2],
            MDEV,
            uuid=uuid,
            type_id=type_id,
            type_name=self._static(type_id, self._type_path(target[-2], type_id, path)).name if type_id else None,
            iommu_group=iommu_group(self._host, path),
        )

    def _type_path(self, parent: str, type_id: str, device: str) -> str:
        return (
            f"{PARENTS}/{parent}/mdev_supported_types/{type_id}"
            if parent in self.parent_names
            else f"{device}/mdev_type"
        )

    def _children(self, parent: str) -> list[str]:
        if parent in self._functions:
            entries = sorted(self._functions[parent].entries)
        else:
            entries = self._host.names(f"{PARENTS}/{parent}")
        return [entry for entry in entries if UUID.match(entry)]

    def _half_removed_device(self, parent: str, uuid: str) -> Device:
        """Return a removed mdev that is still open: it has lost its links, but not its directory and group."""
        group = iommu_group(self._host, f"{PARENTS}/{parent}/{uuid}")
        return Device(parent, MDEV, uuid=uuid, iommu_group=group, state="removing")

    def _files(self, offers: dict[str, list[str]]) -> list[str]:
        """Return the files to read for the types that each parent offers."""
        files = []
        known = set(self._types)
        for parent, type_ids in offers.items():
            for type_id in type_ids:
                names = (AVAILABLE,) if type_id in known else (*STATIC, AVAILABLE)
                files += [f"{PARENTS}/{parent}/mdev_supported_types/{type_id}/{name}" for name in names]
                known.add(type_id)
        return files

    def _card(self, parent: str) -> PciFunction | None:
        function = self._functions.get(parent)
        return self._functions.get(function.physical_function or parent) if function else None

    def _parent(self, name: str, type_ids: list[str], existing: Counter[tuple[str, str]]) -> Parent:
        function = self._functions.get(name)
        card = self._card(name)
        path = f"{PARENTS}/{name}"
        return Parent(
            name=name,
            framework=MDEV,
            bus="pci" if function else self._host.link_name(f"{path}/subsystem"),
            address=name if function else None,
            physical_function=card.address if card else None,
            numa_node=self._numa_nodes[card.address] if card else None,
            offers=tuple(
                self._offer(type_id, f"{path}/mdev_supported_types/{type_id}", existing[name, type_id])
                for type_id in type_ids
            ),
        )

    def _offer(self, type_id: str, path: str, existing: int) -> Offer:
        static = self._static(type_id, path)
        available = self._host.read_number(f"{path}/{AVAILABLE}")
        return Offer(static, available, _max_instances(static, available, existing))

    def _static(self, type_id: str, path: str) -> VgpuType:
        """Return what depends on the type only; ``path`` is its directory below any parent."""
        known = self._types.get(type_id)
        # The driver may have failed to answer for one parent only.
        if known is None or known.device_api is None:
            known = self._types[type_id] = self._read_static(type_id, path)
        return known

    def _read_static(self, type_id: str, path: str) -> VgpuType:
        description = self._host.read(f"{path}/description", optional=True)
        attributes, wrong = type_description.attributes(description)
        for sentence in wrong:
            self._host.warn(f"/{path}/description {sentence}")
        return VgpuType(
            id=type_id,
            # Optional before Linux 6.1.
            name=self._host.read_line(f"{path}/name", optional=True),
            description=description,
            attributes=attributes,
            device_api=self._host.read_line(f"{path}/device_api"),
        )


def _max_instances(static: VgpuType, available: int | None, existing: int) -> int | None:
    """Return the maximum that NVIDIA reports per GPU, or else the sum of existing and available instances."""
    stated = static.attributes.get("max_instance")
    if isinstance(stated, int):
        return stated
    return None if available is None else available + existing
