# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SR-IOV: the files of a PF, and creation and removal of VFs (drivers/pci/iov.c)."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from .class_devices import NetInterface, interface_name
from .drivers import Driver
from .i915 import Provisioning
from .kstrto import boolean, error, unsigned
from .operations import Steps, Wait
from .profile import FunctionSpec, NetdevSpec, SriovSpec
from .tree import Attribute, constant

if TYPE_CHECKING:
    from .pci import PciFunction


class Sriov:
    """The SR-IOV capability of a PF, and the part of it that the bound driver controls."""

    def __init__(self, pf: PciFunction, spec: SriovSpec) -> None:
        self.pf = pf
        self.host = pf.host
        self.spec = spec
        self.total = spec.total
        self.autoprobe = spec.autoprobe
        self.vfs: list[PciFunction] = []
        self.representors: list[NetInterface] = []
        self.numvfs = 0
        self.disowned = False
        self.host.tree.attributes(
            pf.path,
            {
                "sriov_totalvfs": Attribute(lambda: f"{self.total}\n"),
                "sriov_numvfs": Attribute(lambda: f"{self.numvfs}\n", self._store_numvfs, pf.lock),
                "sriov_offset": constant(spec.offset),
                "sriov_stride": constant(spec.stride),
                "sriov_vf_device": constant(f"{int(spec.device, 16):x}"),
                "sriov_drivers_autoprobe": Attribute(lambda: f"{int(self.autoprobe)}\n", self._store_autoprobe),
            },
        )

    def attach(self) -> None:
        """Handle a bound driver: it may lower the maximum and ignore existing VFs."""
        driver = self._driver()
        self.disowned = driver.disowns_vfs and bool(self.vfs)
        if driver.lowers_total is not None:
            self.total = min(self.spec.total, driver.lowers_total)

    def detach(self) -> Steps[None]:
        """Handle an unbound driver: most remove their VFs; the maximum of the hardware applies again."""
        if self.vfs and not self._driver().keeps_vfs and not self.disowned:
            yield from self.disable()
        self.total = self.spec.total

    def enable(self, number: int) -> None:
        """Create VFs together without asking a driver (sriov_enable)."""
        for index in range(number):
            self.vfs.append(self._add_vf(index))
        self.numvfs = number

    def disable(self) -> Steps[None]:
        """Remove the VFs in order (sriov_disable); the first one in use blocks the removal."""
        if self.pf.hot_removal:
            yield from self._remove_vfs()
            return
        lock = self.pf.bus.rescan_lock
        yield from lock.acquire()
        try:
            yield from self._remove_vfs()
        finally:
            lock.release()

    def _remove_vfs(self) -> Steps[None]:
        for representor in self.representors:
            yield from representor.detach()
        self.representors = []
        for index, vf in enumerate(list(self.vfs)):
            self.host.tree.remove(f"{self.pf.path}/virtfn{index}")
            self.host.tree.remove(f"{vf.path}/physfn")
            if vf.bus.devices.get(vf.name) is vf:
                yield from vf.delete()
            self.vfs.remove(vf)
        self.numvfs = 0
        for part in self._provisioning():
            part.after_disable()

    def _provisioning(self) -> list[Provisioning]:
        return [part for part in self.pf.parts if isinstance(part, Provisioning)]

    def _driver(self) -> Driver:
        assert self.pf.driver is not None
        return self.pf.driver

    def _store_autoprobe(self, data: bytes) -> None:
        self.autoprobe = boolean(data)

    def _store_numvfs(self, data: bytes) -> Steps[None]:
        # The checks are in the order of the kernel (sriov_numvfs_store).
        try:
            number = unsigned(data, 16)
        except OSError:
            raise error(errno.EINVAL) from None
        if number > self.total:
            raise error(errno.ERANGE)
        yield from self.pf.lock.acquire()
        try:
            if number == self.numvfs:
                return
            driver = self.pf.driver
            if driver is None or not self._has_callback(driver):
                raise error(errno.ENOENT)
            if number == 0:
                yield from self._configure_off(driver)
            elif self.numvfs:
                raise error(errno.EBUSY)
            else:
                yield from self._configure_on(driver, number)
        finally:
            self.pf.lock.release()

    def _has_callback(self, driver: Driver) -> bool:
        return driver.sriov or (driver.name == "vfio-pci" and self.host.vfio_enables_sriov)

    def _does_nothing(self, driver: Driver) -> bool:
        interfaces = [part for part in self.pf.parts if isinstance(part, NetInterface)]
        return driver.silent or (driver.silent_when_down and not any(interface.up for interface in interfaces))

    def _configure_off(self, driver: Driver) -> Steps[None]:
        if self._does_nothing(driver) or self.disowned:
            return
        yield from self._delay(driver.delay_off)
        yield from self.disable()

    def _configure_on(self, driver: Driver, number: int) -> Steps[None]:
        if driver.fails_with:
            raise error(getattr(errno, driver.fails_with))
        if driver.limit is not None and number > driver.limit:
            raise error(getattr(errno, driver.limit_errno))
        if self._does_nothing(driver):
            return
        yield from self._delay(driver.delay_on)
        for part in self._provisioning():
            part.before_enable(number)
        self.disowned = False
        if driver.enables_all:
            number = self.total
        self.enable(number if driver.enables is None else min(number, driver.enables))

    def _delay(self, seconds: float) -> Steps[None]:
        if seconds:
            end = self.host.clock.now() + seconds
            yield Wait(lambda: self.host.clock.now() >= end, f"{self.pf.name} takes {seconds} s", end)

    def _add_vf(self, index: int) -> PciFunction:
        pf, spec = self.pf, self.spec
        address = pf.address.moved(spec.offset + spec.stride * index)
        netdev = pf.spec.netdev if spec.netdev else None
        if netdev:
            netdev = replace(netdev, name=f"{interface_name(netdev, pf)}v{index}", eswitch="legacy", up=False)
        on_vfs = pf.spec.vgpu is not None and pf.spec.vgpu.on == "vf"
        vf_spec = FunctionSpec(
            address=str(address),
            vendor=pf.spec.vendor,
            device=spec.device,
            class_code=pf.spec.class_code,
            subsystem=spec.subsystem or pf.spec.subsystem,
            revision=pf.spec.revision,
            driver=spec.driver,
            numa_node=pf.spec.numa_node,
            vgpu=pf.spec.vgpu if on_vfs else None,
            netdev=netdev,
        )
        if pf.spec.netdev and pf.spec.netdev.eswitch == "switchdev":
            self._add_representor(pf.spec.netdev, index)
        vf = type(pf)(pf.pci_bus, vf_spec, pf.directory, pf)
        if self.host.iommu.enabled:
            self.host.iommu.join(vf)
        self.host.tree.link(f"{vf.path}/physfn", pf.path)
        self.host.tree.link(f"{pf.path}/virtfn{index}", vf.path)
        if pf.driver is not None and pf.driver.name == "vfio-pci":
            vf.override = "vfio-pci"
        if pf.bus.autoprobe and (self.autoprobe or vf.override):
            vf.try_drivers()
        return vf

    def _add_representor(self, uplink: NetdevSpec, index: int) -> None:
        name = f"{interface_name(uplink, self.pf)}_{index}"
        port = replace(uplink, name=name, phys_port_name=f"pf{self.pf.address.function}vf{index}")
        representor = NetInterface(self.pf, port)
        representor.attach()
        self.representors.append(representor)
