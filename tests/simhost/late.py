# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that appear some time after boot: drivers of modules that load late, cards, VFs and parents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .operations import Steps, Wait
from .pci import PciFunction
from .profile import ProfileError

if TYPE_CHECKING:
    from .host import SimHost

VFS = "/vfs"


class Late:
    """Seconds until each thing appears: a PCI driver, a PCI address, ``<address>/vfs`` or a software parent.

    ``<address>/vfs`` stands for the VFs that the profile has at boot. Raises ProfileError for other names.
    """

    def __init__(self, host: SimHost, seconds: Mapping[str, float]) -> None:
        self.host = host
        self.seconds = dict(seconds)
        self.away = set(seconds)
        addresses = host.pci.addresses
        known = {*addresses, *(f"{address}{VFS}" for address in addresses)}
        known |= {name for name, driver in host.drivers.items() if driver.bus == "pci"}
        known |= {spec.name.format(n=number) for spec in host.profile.parents for number in range(spec.copies)}
        unknown = self.away - known
        if unknown:
            raise ProfileError(f"nothing of this host is called {', '.join(sorted(unknown))}")

    def __contains__(self, name: str) -> bool:
        return name in self.away

    def schedule(self) -> None:
        """Schedule the appearance of each thing."""
        for name, seconds in self.seconds.items():
            self.host.operations.start(f"{name} is late", self._come(name, self.host.clock.now() + seconds))

    def arrive(self, name: str) -> None:
        """Let a thing appear now, unless it already has."""
        if name not in self.away:
            return
        self.away.remove(name)
        if name in self.host.drivers:
            self._register(name)
        elif name.endswith(VFS):
            self._enable(name[: -len(VFS)])
        elif name in self.host.pci.addresses:
            self.host.pci.discover()
            self._enable(name)
        else:
            self.host.add_software_parents()

    def _come(self, name: str, moment: float) -> Steps[None]:
        yield Wait(lambda: self.host.clock.now() >= moment, f"{name} is late", moment)
        self.arrive(name)

    def _register(self, name: str) -> None:
        bus = self.host.pci
        bus.add_driver(self.host.drivers[name])
        for device in list(bus.devices.values()):
            if device.driver is None and bus.autoprobe and (not isinstance(device, PciFunction) or device.spec.bound):
                device.try_drivers()

    def _enable(self, address: str) -> None:
        function = self.host.pci.function(address)
        if function and function.sriov and not function.sriov.vfs and f"{address}{VFS}" not in self.away:
            function.sriov.enable(function.sriov.spec.numvfs)
