# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bus with its drivers: bind, unbind, drivers_probe, new_id, remove_id (drivers/base/bus.c, drivers/pci)."""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

from .devices import BusDevice
from .drivers import Driver
from .kstrto import error, text, word
from .operations import Lock, Steps
from .tree import Attribute

if TYPE_CHECKING:
    from .host import SimHost

# Since this version, `bind` has separate errnos for a failed probe and a bound device.
EXACT_BIND_ERRORS = (5, 14)


class Bus:
    """A bus below ``sys/bus``."""

    def __init__(self, host: SimHost, name: str) -> None:
        self.host = host
        self.name = name
        self.path = f"sys/bus/{name}"
        self.devices: dict[str, BusDevice] = {}
        self.drivers: dict[str, Driver] = {}
        self.dynamic_ids: dict[str, set[tuple[str, str]]] = {}
        self.autoprobe = True
        self.rescan_lock = Lock("the rescan lock")
        host.tree.directory(f"{self.path}/devices")
        host.tree.directory(f"{self.path}/drivers")
        host.tree.attributes(
            self.path,
            {
                "drivers_probe": Attribute(store=self._store_probe),
                "drivers_autoprobe": Attribute(lambda: f"{int(self.autoprobe)}\n", self._store_autoprobe),
            },
        )

    def driver_path(self, name: str) -> str:
        """Return the directory of a driver."""
        return f"{self.path}/drivers/{name}"

    def add_driver(self, driver: Driver) -> None:
        """Register a driver and its files."""
        self.drivers[driver.name] = driver
        self.dynamic_ids[driver.name] = set()
        path = self.driver_path(driver.name)
        entries = {
            "bind": Attribute(store=partial(self._store_bind, driver)),
            "unbind": Attribute(store=partial(self._store_unbind, driver)),
        }
        if self.name == "pci":
            entries["new_id"] = Attribute(store=partial(self._store_new_id, driver))
            entries["remove_id"] = Attribute(store=partial(self._store_remove_id, driver))
        self.host.tree.attributes(path, entries)
        module = driver.module or driver.name.replace("-", "_")
        self.host.tree.directory(f"sys/module/{module}/parameters")
        self.host.tree.link(f"{path}/module", f"sys/module/{module}")

    def add_device(self, device: BusDevice) -> None:
        """Register a device without offering it to drivers."""
        self.devices[device.name] = device
        self.host.tree.link(f"{self.path}/devices/{device.name}", device.path)
        self.host.tree.link(f"{device.path}/subsystem", self.path)

    def remove_device(self, device: BusDevice) -> None:
        """Remove a device and its directory."""
        del self.devices[device.name]
        self.host.iommu.leave(device)
        self.host.tree.remove(f"{self.path}/devices/{device.name}")
        self.host.tree.remove(device.path)

    def _find(self, data: bytes) -> BusDevice:
        device = self.devices.get(word(data))
        if device is None:
            raise error(errno.ENODEV)
        return device

    def _store_bind(self, driver: Driver, data: bytes) -> Steps[None]:
        device = self._find(data)
        if not device.matches(driver):
            raise error(errno.ENODEV)
        yield from device.lock.acquire()
        try:
            if device.driver is not None:
                raise error(errno.EBUSY)
            device.probe(driver)
        except OSError:
            if self.host.kernel >= EXACT_BIND_ERRORS:
                raise
            raise error(errno.ENODEV) from None
        finally:
            device.lock.release()

    def _store_unbind(self, driver: Driver, data: bytes) -> Steps[None]:
        device = self._find(data)
        if device.driver is not driver:
            raise error(errno.ENODEV)
        yield from device.lock.acquire()
        try:
            yield from device.release_driver()
        finally:
            device.lock.release()

    def _store_probe(self, data: bytes) -> Steps[None]:
        device = self._find(data)
        yield from device.lock.wait()
        device.try_drivers()

    def _store_autoprobe(self, data: bytes) -> None:
        self.autoprobe = not text(data).startswith(b"0")

    def _store_new_id(self, driver: Driver, data: bytes) -> Steps[None]:
        ids = _parse_ids(data)
        static = any(driver.name in other.native and other.ids() == ids for other in self.devices.values())
        if static or ids in self.dynamic_ids[driver.name]:
            raise error(errno.EEXIST)
        self.dynamic_ids[driver.name].add(ids)
        for device in list(self.devices.values()):
            if device.driver is None and device.matches(driver):
                yield from device.lock.wait()
                try:
                    device.probe(driver)
                except OSError:
                    continue

    def _store_remove_id(self, driver: Driver, data: bytes) -> None:
        ids = _parse_ids(data)
        if ids not in self.dynamic_ids[driver.name]:
            raise error(errno.ENODEV)
        self.dynamic_ids[driver.name].remove(ids)


def _parse_ids(data: bytes) -> tuple[str, str]:
    # sscanf("%x %x ..."): at least vendor and device.
    words = word(data).split()
    try:
        vendor, device = (int(value, 16) for value in words[:2])
    except ValueError:
        raise error(errno.EINVAL) from None
    return f"{vendor:04x}", f"{device:04x}"
