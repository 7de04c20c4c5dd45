# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The s390 channel subsystem: subchannels that vfio_ccw can use (drivers/s390/cio)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from .binding import Bus
from .devices import BusDevice, Part
from .drivers import Driver
from .kstrto import error
from .mdev import MdevParent
from .mdev_types import load_table
from .pools import make_pool
from .profile import SubchannelSpec
from .tree import constant

if TYPE_CHECKING:
    from .host import SimHost


class Subchannel(BusDevice):
    """An I/O subchannel; bound to vfio_ccw, it is an mdev parent."""

    def __init__(self, bus: CssBus, spec: SubchannelSpec) -> None:
        path = f"sys/devices/css0/{spec.address}"
        super().__init__(bus, spec.address, path, ["io_subchannel", "vfio_ccw"])
        self.spec = spec
        bus.host.tree.directory(path)
        bus.add_device(self)
        bus.host.tree.attributes(
            path, {"type": constant(0), "modalias": constant("css:t0"), **self.binding_attributes()}
        )

    def check_probe(self, driver: Driver) -> None:
        """Raise ENODEV if vfio_ccw rejects the subchannel: it is QDIO or not operational."""
        super().check_probe(driver)
        if driver.name == "vfio_ccw" and not self.spec.operational:
            raise error(errno.ENODEV)

    def make_parts(self, driver: Driver) -> list[Part]:
        """Return the parent of one mdev if vfio_ccw is bound."""
        if driver.name != "vfio_ccw":
            return []
        table = load_table("vfio_ccw")
        return [MdevParent(self.host, self.name, self.path, table, make_pool(table))]

    def uevent(self) -> str:
        """Return the content of ``uevent``."""
        return super().uevent() + "ST=0\nMODALIAS=css:t0\n"


class CssBus(Bus):
    """The bus of subchannels."""

    def __init__(self, host: SimHost) -> None:
        super().__init__(host, "css")

    def discover(self) -> None:
        """Add the subchannels of the profile and bind each to its driver."""
        for spec in self.host.profile.subchannels:
            subchannel = Subchannel(self, spec)
            if spec.driver is not None:
                subchannel.probe(self.drivers[spec.driver])
