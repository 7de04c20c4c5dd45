# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mediated devices: parents, types, create and remove (drivers/vfio/mdev)."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .devices import Device, accept_uevent
from .kstrto import error, unsigned, uuid
from .mdev_types import MdevType, TypeTable
from .operations import Steps, Wait
from .pools import Pool
from .tree import Attribute, Directory, constant

if TYPE_CHECKING:
    from .host import SimHost

# Before this version, a driver could reject the removal of a device in use.
REMOVAL_BLOCKS = (5, 3)
ONE_CORE = (6, 1)

AddAttributes = Callable[["Mdev"], dict[str, Attribute]]


class Mdev(Device):
    """A mediated device."""

    def __init__(self, parent: MdevParent, name: str, kind: MdevType) -> None:
        super().__init__(parent.host, name, f"{parent.path}/{name}")
        self.parent = parent
        self.kind = kind
        self.leaving = False


class MdevBus:
    """All mdev objects of a host: the bus, the class of parents, and devices by UUID."""

    def __init__(self, host: SimHost) -> None:
        self.host = host
        self.devices: dict[str, Mdev] = {}
        self.parents: dict[str, MdevParent] = {}

    def register(self, parent: MdevParent) -> None:
        """Register a parent; the first one creates the class and the bus, like loading the module."""
        tree = self.host.tree
        tree.directory("sys/bus/mdev/devices")
        driver = parent.mdev_driver
        if driver is not None:
            tree.directory(f"sys/bus/mdev/drivers/{driver}")
        tree.link(f"sys/class/mdev_bus/{parent.name}", parent.path)
        self.parents[parent.name] = parent

    def unregister(self, parent: MdevParent) -> None:
        """Unregister a parent."""
        self.host.tree.remove(f"sys/class/mdev_bus/{parent.name}")
        del self.parents[parent.name]


class MdevParent:
    """A device whose driver has registered with the mdev core; it is a part of that device."""

    def __init__(
        self,
        host: SimHost,
        name: str,
        path: str,
        table: TypeTable,
        pool: Pool,
        vendor: AddAttributes | None = None,
    ) -> None:
        self.host = host
        self.name = name
        self.path = path
        self.table = table
        self.pool = pool
        self.vendor = vendor
        self.devices: dict[str, Mdev] = {}
        self.leaving = False

    @property
    def mdev_driver(self) -> str | None:
        """Return the driver of mdevs: before drivers had their own, the module vfio_mdev if it is loaded."""
        if self.host.kernel >= ONE_CORE:
            return self.table.mdev_driver
        return "vfio_mdev" if self.host.profile.vfio_mdev_loaded else None

    def attach(self) -> None:
        """Register the parent and show its types (mdev_register_parent)."""
        tree = self.host.tree
        self.leaving = False
        for kind in self.table.types:
            directory = self._type_path(kind)
            entries = self.host.type_files(self.table, kind).copy()
            entries["available_instances"] = Attribute(partial(self._show_available, kind))
            entries["create"] = Attribute(store=partial(self._store_create, kind))
            tree.attributes(directory, entries)
            tree.add(f"{directory}/devices", Directory())
        self.host.mdev.register(self)

    def detach(self) -> Steps[None]:
        """Unregister the parent: its devices are removed first, and each removal waits for users."""
        self.leaving = True
        self.host.mdev.unregister(self)
        for mdev in list(self.devices.values()):
            if mdev.leaving:
                yield Wait(partial(self._is_gone, mdev), f"{mdev.name} is being removed")
            else:
                yield from self._delete(mdev)
        self.host.tree.remove(f"{self.path}/mdev_supported_types")

    def create(self, kind: MdevType, name: str) -> Mdev:
        """Create a device (mdev_device_create). Raises OSError: EEXIST, then the errno of the pool, then ENODEV."""
        if name in self.host.mdev.devices:
            raise error(errno.EEXIST)
        full = self.table.full_errno(self.host.kernel)
        if full is not None and self.pool.available(kind) < 1:
            raise error(full)
        if self.leaving:
            raise error(errno.ENODEV)
        self.pool.take(kind)
        mdev = Mdev(self, name, kind)
        self.devices[name] = mdev
        self.host.mdev.devices[name] = mdev
        self._add_files(mdev)
        return mdev

    def find_type(self, directory: str) -> MdevType | None:
        """Return the type with a directory name."""
        return next((kind for kind in self.table.types if self._type_name(kind) == directory), None)

    def _is_gone(self, mdev: Mdev) -> bool:
        return mdev.name not in self.devices

    def _type_name(self, kind: MdevType) -> str:
        return f"{self.table.driver}-{kind.id}"

    def _type_path(self, kind: MdevType) -> str:
        return f"{self.path}/mdev_supported_types/{self._type_name(kind)}"

    def _show_available(self, kind: MdevType) -> str:
        return f"{self.pool.available(kind)}\n"

    def _store_create(self, kind: MdevType, data: bytes) -> None:
        self.create(kind, uuid(data))

    def _add_files(self, mdev: Mdev) -> None:
        tree, driver = self.host.tree, self.mdev_driver
        tree.attributes(
            mdev.path,
            {
                "remove": Attribute(store=partial(self._store_remove, mdev)),
                "uevent": Attribute(lambda: f"DRIVER={driver}\n" if driver else "", accept_uevent),
            },
        )
        tree.attributes(f"{mdev.path}/power", {"control": constant("auto")})
        tree.link(f"{mdev.path}/mdev_type", self._type_path(mdev.kind))
        tree.link(f"{self._type_path(mdev.kind)}/devices/{mdev.name}", mdev.path)
        tree.link(f"{mdev.path}/subsystem", "sys/bus/mdev")
        tree.link(f"sys/bus/mdev/devices/{mdev.name}", mdev.path)
        if driver is not None:
            tree.link(f"{mdev.path}/driver", f"sys/bus/mdev/drivers/{driver}")
            tree.link(f"sys/bus/mdev/drivers/{driver}/{mdev.name}", mdev.path)
            self.host.iommu.join_emulated(mdev)
            self.host.iommu.offer(mdev)
        if self.vendor is not None:
            for name, attribute in self.vendor(mdev).items():
                tree.add(f"{mdev.path}/{name}", attribute)

    def _store_remove(self, mdev: Mdev, data: bytes) -> Steps[None]:
        # See remove_store in drivers/vfio/mdev/mdev_sysfs.c.
        try:
            wanted = unsigned(data, 64)
        except OSError:
            raise error(errno.EINVAL) from None
        if not wanted:
            return
        if self.leaving:
            raise error(errno.ENODEV)
        if mdev.holders and self.host.kernel < REMOVAL_BLOCKS:
            raise error(errno.EBUSY)
        yield from self._delete(mdev)

    def _delete(self, mdev: Mdev) -> Steps[None]:
        """Remove a device; while it is in use, its directory remains with only the group (device_del)."""
        tree, driver = self.host.tree, self.mdev_driver
        mdev.leaving = True
        tree.remove(f"sys/bus/mdev/devices/{mdev.name}")
        tree.remove(f"{self._type_path(mdev.kind)}/devices/{mdev.name}")
        tree.remove(f"sys/bus/mdev/drivers/{driver}/{mdev.name}")
        for name in tree.names(mdev.path):
            if name not in ("iommu_group", "vfio-dev"):
                tree.remove(f"{mdev.path}/{name}")
        yield from self.host.iommu.withdraw(mdev)
        self.host.iommu.leave(mdev)
        tree.remove(mdev.path)
        del self.devices[mdev.name]
        del self.host.mdev.devices[mdev.name]
        self.pool.give(mdev.kind)
