# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every device of the model has: a directory, an IOMMU group, users; on a bus also a driver."""

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
# driver_override moved into struct device, behind a spinlock, in 7.0 and in this version of the 6.12 series
OVERRIDE_HAS_ITS_OWN_LOCK = (6, 12, 117)
UEVENT_ACTIONS = ("add", "remove", "change", "move", "online", "offline", "bind", "unbind")


def accept_uevent(data: bytes) -> None:
    """Store function of ``uevent``: a known action, else EINVAL (lib/kobject_uevent.c)."""
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
        """Whether a driver of the host uses it, so that it is no device for user space."""
        return False

    def check_open(self) -> None:
        """Raise what opening the device through VFIO raises: ENODEV unless a VFIO driver offers it."""
        if self.group is None or self not in self.group.offered:
            raise error(errno.ENODEV)


class Part(Protocol):
    """What a driver makes of its device: interfaces, a controller, mdev types, a VFIO device."""

    def attach(self) -> None:
        """Make it, at the end of a successful probe."""

    def detach(self) -> Steps[None]:
        """Take it away; waits for users where the kernel does."""


class BusDevice(Device):
    """A device that drivers bind to. ``native`` are the names of the drivers whose id tables list it."""

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
        """Whether its driver is one of the host; bridges and stubs do not count."""
        return self.driver is not None and not self.driver.vfio and not self.driver.shares_group

    def ids(self) -> tuple[str, str]:
        """The vendor and device id that a driver's dynamic ids are compared with."""
        return "", ""

    def matches(self, driver: Driver) -> bool:
        """Whether the bus would offer the device to a driver (drivers/pci/pci-driver.c pci_match_device)."""
        if self.override is not None:
            return driver.name == self.override
        return driver.name in self.native or self.ids() in self.bus.dynamic_ids[driver.name]

    def check_probe(self, driver: Driver) -> None:
        """Raise the errno with which the driver's probe refuses the device."""
        if not driver.vfio and not driver.shares_group and self.group is not None and self.group.in_use:
            raise error(errno.EBUSY)

    def make_parts(self, driver: Driver) -> list[Part]:
        """What this driver makes of this device."""
        return [VfioDevice(self)] if driver.vfio else []

    def probe(self, driver: Driver) -> None:
        """Bind the driver (drivers/base/dd.c really_probe). Raises OSError with the probe's errno."""
        self.check_probe(driver)
        self.driver = driver
        self.host.tree.link(f"{self.path}/driver", self.bus.driver_path(driver.name))
        self.host.tree.link(f"{self.bus.driver_path(driver.name)}/{self.name}", self.path)
        self.parts = self.make_parts(driver)
        for part in self.parts:
            part.attach()

    def release_driver(self) -> Steps[None]:
        """Unbind, the caller holds the lock: links go first, then the driver's remove callback runs."""
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
        """Offer the device to every driver that matches, until one takes it; probe errors are swallowed."""
        for driver in self.bus.drivers.values():
            if self.driver is None and self.matches(driver):
                try:
                    self.probe(driver)
                except OSError:
                    continue

    def binding_attributes(self) -> dict[str, Attribute]:
        """The files and their rules which every device of a bus with driver_override has."""
        lock = None if self.host.kernel >= OVERRIDE_HAS_ITS_OWN_LOCK else self.lock
        return {
            "driver_override": Attribute(lambda: f"{self.override or '(null)'}\n", self._store_override, lock),
            "uevent": Attribute(self.uevent, accept_uevent),
        }

    def uevent(self) -> str:
        """The content of ``uevent``."""
        return f"DRIVER={self.driver.name}\n" if self.driver else ""

    def _store_override(self, data: bytes) -> Steps[None]:
        # drivers/base/driver.c driver_set_override: everything up to the first newline counts
        if len(data) >= PAGE_SIZE - 1:
            raise error(errno.EINVAL)
        value = text(data).split(b"\n", 1)[0].decode("utf-8", "replace")
        if self.host.kernel < OVERRIDE_HAS_ITS_OWN_LOCK:
            yield from self.lock.wait()
        self.override = value or None


class VfioDevice:
    """The part that a VFIO driver makes: the device can be opened by user space."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def attach(self) -> None:
        """Offer the device through its group."""
        self.device.host.iommu.offer(self.device)

    def detach(self) -> Steps[None]:
        """Wait for every user, then withdraw it."""
        yield from self.device.host.iommu.withdraw(self.device)
