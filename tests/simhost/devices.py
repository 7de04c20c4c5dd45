# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The common part of all devices of the model: directory, IOMMU group and users, and on a bus a driver."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from .drivers import Driver
from .kstrto import error, text, word
from .operations import Lock, Steps
from .tree import Attribute

if TYPE_CHECKING:
    from .binding import Bus
    from .holders import Holder
    from .host import SimHost
    from .iommu import Group

PAGE_SIZE = 4096
# driver_override moved to struct device with its own spinlock in 7.0, and in this version of the 6.12 series.
OVERRIDE_HAS_ITS_OWN_LOCK = (6, 12, 117)
UEVENT_ACTIONS = ("add", "remove", "change", "move", "online", "offline", "bind", "unbind")


def accept_uevent(data: bytes) -> None:
    """Handle a write to ``uevent``: accept known actions, else raise EINVAL (lib/kobject_uevent.c)."""
    action = word(data).split(" ", 1)[0]
    if action not in UEVENT_ACTIONS:
        raise error(errno.EINVAL)


class Device:
    """A device that can be in an IOMMU group and open in user space."""

    def __init__(self, host: SimHost, name: str, path: str) -> None:
        self.host = host
        self.name = name
        self.path = path
        self.group: Group | None = None
        self.vfio_number: int | None = None
        self.holders: list[Holder] = []

    @property
    def owned_by_host(self) -> bool:
        """Return whether a host driver uses it, so that user space cannot."""
        return False

    def check_open(self) -> None:
        """Raise ENODEV unless a VFIO driver offers the device, as opening it through VFIO does."""
        if self.group is None or self not in self.group.offered:
            raise error(errno.ENODEV)


class Part(Protocol):
    """A part that a driver creates on its device: interfaces, a controller, mdev types or a VFIO device."""

    def attach(self) -> None:
        """Create the part at the end of a successful probe."""

    def detach(self) -> Steps[None]:
        """Remove the part; wait for users if the kernel does."""


class BusDevice(Device):
    """A device that drivers can bind to. ``native`` are the drivers whose id tables contain it."""

    def __init__(self, bus: Bus, name: str, path: str, native: Sequence[str]) -> None:
        super().__init__(bus.host, name, path)
        self.bus = bus
        self.native = tuple(native)
        self.driver: Driver | None = None
        self.override: str | None = None
        self.lock = Lock(name)
        self.parts: list[Part] = []

    @property
    def owned_by_host(self) -> bool:
        """Return whether its driver is a host driver; bridges and stubs do not count."""
        return self.driver is not None and not self.driver.vfio and not self.driver.shares_group

    def ids(self) -> tuple[str, str]:
        """Return vendor and device id for the comparison with dynamic ids."""
        return "", ""

    def matches(self, driver: Driver) -> bool:
        """Return whether the bus offers the device to a driver (drivers/pci/pci-driver.c, pci_match_device)."""
        if self.override is not None:
            return driver.name == self.override
        return driver.name in self.native or self.ids() in self.bus.dynamic_ids[driver.name]

    def check_probe(self, driver: Driver) -> None:
        """Raise the errno with which the probe of the driver rejects the device."""
        if not driver.vfio and not driver.shares_group and self.group is not None and self.group.in_use:
            raise error(errno.EBUSY)

    def make_parts(self, driver: Driver) -> list[Part]:
        """Return the parts that this driver creates on this device."""
        return [VfioDevice(self)] if driver.vfio else []

    def probe(self, driver: Driver) -> None:
        """Bind the driver; raise OSError with the errno of the probe (drivers/base/dd.c, really_probe)."""
        self.check_probe(driver)
        self.driver = driver
        self.host.tree.link(f"{self.path}/driver", self.bus.driver_path(driver.name))
        self.host.tree.link(f"{self.bus.driver_path(driver.name)}/{self.name}", self.path)
        self.parts = self.make_parts(driver)
        for part in self.parts:
            part.attach()

    def release_driver(self) -> Steps[None]:
        """Unbind the driver while the caller holds the lock: links are removed before the remove callback runs."""
        driver = self.driver
        if driver is None:
            return
        self.host.tree.remove(f"{self.path}/driver")
        self.host.tree.remove(f"{self.bus.driver_path(driver.name)}/{self.name}")
        for part in reversed(self.parts):
            yield from part.detach()
        self.parts = []
        self.driver = None

    def try_drivers(self) -> None:
        """Offer the device to all matching drivers until one accepts it; errors of probes are ignored."""
        for driver in self.bus.drivers.values():
            if self.driver is None and self.matches(driver):
                try:
                    self.probe(driver)
                except OSError:
                    continue

    def binding_attributes(self) -> dict[str, Attribute]:
        """Return the files of devices on a bus with driver_override."""
        lock = None if self.host.kernel >= OVERRIDE_HAS_ITS_OWN_LOCK else self.lock
        return {
            "driver_override": Attribute(lambda: f"{self.override or '(null)'}\n", self._store_override, lock),
            "uevent": Attribute(self.uevent, accept_uevent),
        }

    def uevent(self) -> str:
        """Return the content of ``uevent``."""
        return f"DRIVER={self.driver.name}\n" if self.driver else ""

    def _store_override(self, data: bytes) -> Steps[None]:
        # Everything up to the first newline counts (drivers/base/driver.c, driver_set_override).
        if len(data) >= PAGE_SIZE - 1:
            raise error(errno.EINVAL)
        value = text(data).split(b"\n", 1)[0].decode("utf-8", "replace")
        if self.host.kernel < OVERRIDE_HAS_ITS_OWN_LOCK:
            yield from self.lock.wait()
        self.override = value or None


class VfioDevice:
    """The part that a VFIO driver creates, so that user space can open the device."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def attach(self) -> None:
        """Offer the device through its group."""
        self.device.host.iommu.offer(self.device)

    def detach(self) -> Steps[None]:
        """Wait for all users, then withdraw the device."""
        yield from self.device.host.iommu.withdraw(self.device)
