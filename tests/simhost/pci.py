# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI functions: their directory, ids, hot removal and rescan (drivers/pci/pci-sysfs.c)."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from . import config_space
from .binding import Bus
from .class_devices import BlockController, NetInterface
from .devices import BusDevice, Part
from .drivers import Driver
from .i915 import Provisioning
from .kstrto import error, unsigned, word
from .nvidia import GpuEntry
from .operations import Steps
from .profile import FunctionSpec
from .sriov import Sriov
from .tree import Attribute, constant
from .vendor_vfio import VendorVfio
from .vgpu import vgpu_parts
from .xe import Shares

if TYPE_CHECKING:
    from .host import SimHost

# Since this version, VFs have the attribute sriov_vf_msix_count.
VF_MSIX_COUNT = (5, 14)
BRIDGE_CLASS = "060400"
RESET_METHODS = ("flr", "pm", "bus")


class Address:
    """A PCI address such as ``0000:3b:00.0``."""

    def __init__(self, domain: int, bus: int, slot: int, function: int) -> None:
        self.domain, self.bus, self.slot, self.function = domain, bus, slot, function

    @classmethod
    def parse(cls, value: str) -> Address:
        """Parse an address. Raises ValueError."""
        domain, bus, rest = value.split(":")
        slot, function = rest.split(".")
        return cls(int(domain, 16), int(bus, 16), int(slot, 16), int(function, 16))

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"

    def moved(self, routing_ids: int) -> Address:
        """Return the address at a distance of ``routing_ids``, possibly on another bus."""
        routing_id = (self.bus << 8 | self.slot << 3 | self.function) + routing_ids
        return Address(self.domain, routing_id >> 8, routing_id >> 3 & 0x1F, routing_id & 7)


class PciFunction(BusDevice):
    """A PCI function. ``physfn`` is the PF of a VF; ``sriov`` the capability of a PF."""

    def __init__(self, bus: PciBus, spec: FunctionSpec, directory: str, physfn: PciFunction | None = None) -> None:
        native = spec.drivers or ([spec.driver] if spec.driver else [])
        super().__init__(bus, spec.address, f"{directory}/{spec.address}", native)
        self.pci_bus = bus
        self.hot_removal = False
        self.spec = spec
        self.address = Address.parse(spec.address)
        self.directory = directory
        self.physfn = physfn
        self.enabled = 0
        self.reset_methods = (RESET_METHODS[0],) if physfn else (RESET_METHODS[0], RESET_METHODS[-1])
        self.reset_method = " ".join(self.reset_methods if spec.reset else ())
        bus.host.tree.directory(self.path)
        bus.add_device(self)
        self.sriov = Sriov(self, spec.sriov) if spec.sriov else None
        if physfn is None and (spec.mig or (spec.vgpu and spec.vgpu.on == "vf" and "nvidia" in native)):
            bus.host.nvidia_smi.add(self, spec.mig)
        self.host.tree.attributes(self.path, self._attributes())

    def ids(self) -> tuple[str, str]:
        """Return vendor and device id."""
        return self.spec.vendor, self.spec.device

    def check_probe(self, driver: Driver) -> None:
        """Raise the reason for which a probe fails, in the order of the kernel.

        A VF of a PF without autoprobe needs an override (pci_device_can_probe). vfio-pci rejects a PF with VFs
        (vfio_pci_core_register_device) and denied devices (vfio_pci_dev_in_denylist).
        """
        if self.physfn and self.physfn.sriov and not self.physfn.sriov.autoprobe and self.override is None:
            raise error(errno.ENODEV)
        super().check_probe(driver)
        if driver.vfio and self.spec.denylisted:
            raise error(errno.EINVAL)
        if driver.vfio and self.sriov and self.sriov.vfs:
            raise error(errno.EBUSY)
        if driver.vfio and self.group is None:
            raise error(errno.EINVAL)
        if self.physfn and self.physfn.spec.sriov and driver.name in self.native:
            refusal = self.physfn.spec.sriov.probe_errno
            if refusal:
                raise error(getattr(errno, refusal))

    def check_open(self) -> None:
        """Check as for every device; a VF of the vendor-specific framework also needs a type."""
        super().check_open()
        for part in self.parts:
            if isinstance(part, VendorVfio):
                part.check_open()

    def make_parts(self, driver: Driver) -> list[Part]:
        """Return interfaces, controllers, mdev types and other parts for the function's own driver."""
        parts = super().make_parts(driver)
        if driver.name in self.native:
            if self.spec.netdev:
                parts.append(NetInterface(self, self.spec.netdev))
            if self.spec.controller:
                parts.append(BlockController(self, self.spec.controller, self.spec.disks))
            if driver.name == "nvidia" and self.physfn is None:
                parts.append(GpuEntry(self))
            parts.extend(vgpu_parts(self))
            if driver.name == "xe" and self.sriov:
                parts.append(Shares(self, self.sriov.total))
            if driver.name == "i915" and driver.sriov and self.sriov:
                parts.append(Provisioning(self, self.sriov.total))
        if self.sriov:
            parts.append(self.sriov)
        return parts

    def probe(self, driver: Driver) -> None:
        """Bind the driver, which enables the device."""
        super().probe(driver)
        self.enabled += 1

    def release_driver(self) -> Steps[None]:
        """Unbind the driver, which disables the device."""
        bound = self.driver is not None
        yield from super().release_driver()
        self.enabled -= bound

    def delete(self) -> Steps[None]:
        """Remove the function and everything behind it (pci_stop_and_remove_bus_device); wait for users."""
        for child in self.pci_bus.behind(self) if self.spec.class_code == BRIDGE_CLASS else []:
            child.hot_removal = self.hot_removal
            yield from child.delete()
        yield from self.lock.acquire()
        try:
            yield from self.release_driver()
            if self.sriov and self.sriov.vfs:
                yield from self.sriov.disable()
            self.bus.remove_device(self)
        finally:
            self.lock.release()

    def uevent(self) -> str:
        """Return the content of ``uevent``."""
        spec = self.spec
        return (
            super().uevent()
            + f"PCI_CLASS={int(spec.class_code, 16):X}\n"
            + f"PCI_ID={spec.vendor}:{spec.device}\n".upper()
            + f"PCI_SUBSYS_ID={spec.subsystem}\n".upper()
            + f"PCI_SLOT_NAME={self.name}\nMODALIAS={self._modalias()}\n"
        )

    def _modalias(self) -> str:
        spec = self.spec
        sub_vendor, dummy, sub_device = spec.subsystem.upper().partition(":")
        vendor, device, code = spec.vendor.upper(), spec.device.upper(), spec.class_code.upper()
        return f"pci:v0000{vendor}d0000{device}sv0000{sub_vendor}sd0000{sub_device}bc{code[:2]}sc{code[2:4]}i{code[4:]}"

    def _attributes(self) -> dict[str, Attribute]:
        spec = self.spec
        sub_vendor, dummy, sub_device = spec.subsystem.partition(":")
        entries = {
            "vendor": constant(f"0x{spec.vendor}"),
            "device": constant(f"0x{spec.device}"),
            "subsystem_vendor": constant(f"0x{sub_vendor}"),
            "subsystem_device": constant(f"0x{sub_device}"),
            "class": constant(f"0x{spec.class_code}"),
            "revision": constant(f"0x{spec.revision}"),
            "modalias": constant(self._modalias()),
            "numa_node": Attribute(f"{spec.numa_node}\n".encode(), self._store_numa_node),
            "config": Attribute(config_space.content(spec)),
            "enable": Attribute(lambda: f"{self.enabled}\n", self._store_enable),
            "remove": Attribute(store=self._store_remove),
            "rescan": Attribute(store=self.pci_bus.store_rescan),
            **self.binding_attributes(),
        }
        if self.physfn is not None and self.host.kernel >= VF_MSIX_COUNT:
            entries["sriov_vf_msix_count"] = Attribute(store=self._store_msix_count)
        if spec.reset:
            entries["reset"] = Attribute(store=self._store_reset)
            entries["reset_method"] = Attribute(lambda: f"{self.reset_method}\n", self._store_reset_method)
        return entries

    def _store_numa_node(self, data: bytes) -> None:
        node = unsigned(data, 31)
        if node >= self.host.profile.numa_nodes:
            raise error(errno.EINVAL)
        self.host.tree.attributes(self.path, {"numa_node": Attribute(f"{node}\n".encode(), self._store_numa_node)})

    def _store_enable(self, data: bytes) -> Steps[None]:
        value = unsigned(data, 64)
        yield from self.lock.wait()
        if self.driver is not None:
            raise error(errno.EBUSY)
        if value:
            self.enabled += 1
        elif self.enabled:
            self.enabled -= 1
        else:
            raise error(errno.EIO)

    def _store_msix_count(self, data: bytes) -> Steps[None]:
        # See sriov_vf_msix_count_store; no driver of the model can change the number.
        unsigned(data, 31)
        yield from self.lock.wait()
        raise error(errno.EOPNOTSUPP)

    def _store_reset(self, data: bytes) -> Steps[None]:
        if unsigned(data, 64) != 1:
            raise error(errno.EINVAL)
        yield from self.lock.wait()
        if not self.reset_method:
            raise error(errno.ENOTTY)

    def _store_reset_method(self, data: bytes) -> None:
        methods = word(data).split()
        if methods == ["default"]:
            methods = list(self.reset_methods)
        if any(method not in RESET_METHODS for method in methods):
            raise error(errno.EINVAL)
        self.reset_method = " ".join(methods)

    def _store_remove(self, data: bytes) -> Steps[None]:
        if unsigned(data, 64):
            yield from self.bus.rescan_lock.acquire()
            try:
                if self.bus.devices.get(self.name) is self:
                    self.hot_removal = True
                    yield from self.delete()
            finally:
                self.bus.rescan_lock.release()


class PciBus(Bus):
    """The PCI bus: functions of the profile, root ports and discovery."""

    def __init__(self, host: SimHost) -> None:
        super().__init__(host, "pci")
        host.tree.add(f"{self.path}/rescan", Attribute(store=self.store_rescan))
        self._specs = [copy for spec in host.profile.functions for copy in _copies(spec)]
        self.addresses = {spec.address for spec in self._specs}

    def function(self, address: str) -> PciFunction | None:
        """Return the function at an address."""
        device = self.devices.get(address)
        return device if isinstance(device, PciFunction) else None

    def behind(self, bridge: PciFunction) -> list[PciFunction]:
        """Return the functions below a root port without VFs, which belong to their PFs."""
        functions = [device for device in self.devices.values() if isinstance(device, PciFunction)]
        return [function for function in functions if function.directory == bridge.path and not function.physfn]

    def discover(self) -> None:
        """Add all missing functions of the profile, root ports first, then bind drivers."""
        for spec in self._specs:
            if spec.address not in self.devices and not self.host.is_late(spec.address):
                function = PciFunction(self, spec, self._root_port(spec))
                if self.host.iommu.enabled:
                    other = self.devices.get(spec.group_with or "")
                    self.host.iommu.join(function, other.group if other else None)
                if spec.bound and self.autoprobe:
                    function.try_drivers()

    def store_rescan(self, data: bytes) -> Steps[None]:
        """Handle a write to ``rescan``, which takes the lock that a pending removal of VFs holds."""
        if unsigned(data, 64):
            yield from self.rescan_lock.wait()
            self.discover()

    def _root_port(self, spec: FunctionSpec) -> str:
        address = Address.parse(spec.address)
        port = self._port_of(address)
        root_bus = f"sys/devices/pci{address.domain:04x}:{port.bus:02x}"
        if address.bus == 0:
            return root_bus
        if str(port) not in self.devices:
            bridge = FunctionSpec(
                str(port), "8086", "2030", BRIDGE_CLASS, driver="pcieport", numa_node=spec.numa_node, reset=False
            )
            function = PciFunction(self, bridge, root_bus)
            if self.host.iommu.enabled:
                self.host.iommu.join(function)
            function.try_drivers()
        return f"{root_bus}/{port}"

    def _port_of(self, address: Address) -> Address:
        """Return the root port of a bus: on the next lower bus without a card, or on a free slot of bus 0."""
        cards = {Address.parse(one).bus for one in self.addresses}
        bus = max(address.bus - 1, 0)
        while bus and bus in cards:
            bus -= 1
        port = Address(address.domain, bus, max(address.bus - bus - 1, 0), 0)
        while bus == 0 and address.bus and str(port) in self.addresses:
            port = port.moved(1)
        return port


def _copies(spec: FunctionSpec) -> list[FunctionSpec]:
    first = Address.parse(spec.address)
    return [
        replace(
            spec,
            address=str(Address(first.domain, first.bus + n * spec.bus_step, first.slot, first.function)),
        )
        for n in range(spec.copies)
    ]
