# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host that is built from a profile and changed through its files and the methods below."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import machine
from .accessor import Accessor
from .class_devices import NetInterface, VirtualInterface
from .clock import Clock, ModelClock
from .devices import Device
from .drivers import load_drivers
from .faults import Faults
from .holders import Holders
from .iommu import Iommu
from .kstrto import error
from .late import VFS, Late
from .mdev import MdevBus
from .mdev_types import MdevType, TypeTable
from .nvidia_smi import NvidiaSmi
from .operations import Operations, Steps, Wait
from .parents import add_software_parents
from .pci import PciBus, PciFunction
from .pools import SriovGpuPool
from .profile import Profile, ProfileError, load
from .subchannels import CssBus
from .tree import Attribute, Directory, File, Node, Tree, check_open, constant
from .vendor_vfio import VendorVfio

KERNEL_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
DEFAULT_COMMAND = ("qemu-system-x86_64", "-name", "guest=simulated,debug-threads=on")


class SimHost:
    """A host.

    ``profile`` is the name of a profile, a YAML file, or plain data; ``changes`` replace its top-level keys, for
    example ``kernel="5.10"``. Raises ProfileError. Tests may change ``drivers``, ``netdevs``, ``nvml_clients`` and
    ``faults`` at any time.
    """

    def __init__(
        self,
        profile: str | Path | Mapping[str, Any],
        name: str | None = None,
        clock: Clock | None = None,
        **changes: Any,
    ) -> None:
        self.profile: Profile = load(profile)
        for key, value in changes.items():
            if not hasattr(self.profile, key):
                raise ProfileError(f"a profile has no key {key!r}")
            setattr(self.profile, key, value)
        match = KERNEL_VERSION.match(self.profile.kernel)
        if match is None:
            raise ProfileError(f"kernel must be a version such as '6.12', not {self.profile.kernel!r}")
        self.kernel = tuple(int(part) for part in match.groups() if part)
        self.name = name or (profile if isinstance(profile, str) else "host")
        self.clock: Clock = clock or ModelClock()
        self.operations = Operations(self.clock.alarm)
        self.tree = Tree()
        self.faults = Faults(self.tree)
        self.boots = 0
        self.late: Late | None = None
        machine.add_ordinary_files(self)
        self._boot()

    def _boot(self) -> None:
        profile = self.profile
        self.boots += 1
        self.drivers = load_drivers(profile)
        self.nvml_clients = profile.nvml_clients
        # RegistryDwords and RegistryDwordsPerDevice at the load of the driver.
        self.nvidia_parameters: dict[str, str] = {}
        self.nvidia_smi = NvidiaSmi(self)
        self.vfio_enables_sriov = False
        self.netdevs: dict[str, NetInterface | VirtualInterface] = {}
        self.gpu_pools: dict[str, SriovGpuPool] = {}
        self._type_files: dict[tuple[str, str | int], dict[str, Attribute]] = {}
        machine.add_kernel_files(self)
        self.iommu = Iommu(self)
        self.holders = Holders(self)
        self.mdev = MdevBus(self)
        self.pci = PciBus(self)
        self.css = CssBus(self) if profile.subchannels else None
        buses = {"pci": self.pci, "css": self.css}
        for driver in self.drivers.values():
            bus = buses[driver.bus]
            if bus is not None and not self.is_late(driver.name):
                bus.add_driver(driver)
        machine.add_module_parameters(self)
        self.pci.discover()
        self._enable_boot_vfs()
        if self.css is not None:
            self.css.discover()
        self.add_software_parents()
        self._add_virtual_interfaces()
        self._make_boot_devices()

    def reboot(self, late: Mapping[str, float] | None = None) -> None:
        """Reboot: restore the state of the profile, except for ``etc``, ``usr`` and ``var``; blocked calls end.

        ``late`` maps things to the seconds after which they appear, see :class:`.late.Late`. Raises ProfileError.
        """
        with self.operations.lock:
            self.late = Late(self, late) if late else None
            self.operations.abort()
            for root in ("sys", "proc", "dev", "run", "tmp"):
                self.tree.remove(root)
            for root in ("run", "tmp"):
                self.tree.directory(root)
            self._boot()
            if self.late:
                self.late.schedule()

    def is_late(self, name: str) -> bool:
        """Return whether something has not appeared since the last boot."""
        return self.late is not None and name in self.late

    def add_software_parents(self) -> None:
        """Register the parents of the profile that are not bus devices, unless they are late or already registered."""
        add_software_parents(self)

    def accessor(self) -> Accessor:
        """Return a new in-process front."""
        return Accessor(self)

    def device(self, name: str) -> Device:
        """Return an mdev by UUID or a PCI function by address. Raises OSError ENODEV."""
        found = self.mdev.devices.get(name.lower()) or self.pci.function(name.lower())
        if found is None:
            raise error(errno.ENODEV)
        return found

    def function(self, address: str) -> PciFunction:
        """Return a PCI function by address. Raises OSError ENODEV."""
        found = self.pci.function(address)
        if found is None:
            raise error(errno.ENODEV)
        return found

    def hold(
        self,
        device: str,
        pid: int | None = None,
        comm: str = "qemu-system-x86",
        cmdline: Sequence[str] = DEFAULT_COMMAND,
        cdev: bool = False,
    ) -> int:
        """Open a device like a VM, through its group or its own file (``cdev``); return the process id.

        Raises OSError: ENODEV if VFIO does not offer the device, EBUSY if another process has its group.
        """
        with self.operations.lock:
            return self.holders.hold(self.device(device), pid, comm, cmdline, cdev).process.pid

    def release(self, device: str) -> None:
        """Close a device in all processes; waiting calls continue. Raises OSError ENODEV."""
        with self.operations.lock:
            self.holders.release(self.device(device))
            self.operations.advance()

    def netdev_up(self, name: str, up: bool) -> None:
        """Set an interface up or down."""
        self.netdevs[name].up = up

    def reading(self, path: str, node: Node) -> Steps[bytes]:
        """Open and read a file by its canonical path and node."""
        check_open(node, writing=False)
        content = yield from self._struck("read", path)
        if isinstance(node, Attribute):
            if node.lock is not None:
                yield from node.lock.wait()
            return node.content() if content is None else content
        assert isinstance(node, File)
        return node.data if content is None else content

    def listing(self, path: str, node: Directory) -> Steps[list[str]]:
        """Return the names in a directory by its canonical path and node."""
        yield from self._struck("list", path)
        return list(node.children)

    def writing(self, path: str, node: Node, data: bytes) -> Steps[None]:
        """Open and write a file: one call of the store function, or none for empty data."""
        check_open(node, writing=True)
        yield from self._struck("write", path)
        if isinstance(node, File):
            node.data, node.changed = data, self.clock.now()
        elif isinstance(node, Attribute) and node.store is not None and data:
            steps = node.store(data)
            if steps is not None:
                yield from steps

    def _struck(self, operation: str, path: str) -> Steps[bytes | None]:
        fault = self.faults.strike(operation, path) if self.faults.active else None
        if fault is None:
            return None
        if fault.delay:
            end = self.clock.now() + fault.delay
            yield Wait(lambda: self.clock.now() >= end, f"{path} is slow", end)
        return fault.content

    def type_files(self, table: TypeTable, kind: MdevType) -> dict[str, Attribute]:
        """Return the files of a type that are equal for every parent."""
        key = (table.driver, kind.id)
        if key not in self._type_files:
            files = {"device_api": constant(table.device_api)}
            name = kind.name or (str(kind.id) if self.kernel >= (6, 1) else None)
            if name is not None:
                files["name"] = constant(name)
            if kind.text is not None:
                files["description"] = constant(kind.text)
            self._type_files[key] = files
        return self._type_files[key]

    def gpu_pool(self, pf: PciFunction, table: TypeTable, mixed_size: bool) -> SriovGpuPool:
        """Return the pool that all VFs of one physical GPU share."""
        if pf.name not in self.gpu_pools:
            self.gpu_pools[pf.name] = SriovGpuPool(
                table.capacity["memory"], mixed_size, self.nvidia_smi.gpus.get(pf.name)
            )
        return self.gpu_pools[pf.name]

    def _enable_boot_vfs(self) -> None:
        for function in list(self.pci.devices.values()):
            late = self.is_late(f"{function.name}{VFS}")
            if isinstance(function, PciFunction) and function.sriov and function.sriov.spec.numvfs and not late:
                function.sriov.enable(function.sriov.spec.numvfs)

    def _add_virtual_interfaces(self) -> None:
        for spec in self.profile.netdevs:
            interface = VirtualInterface(self, spec)
            interface.attach()
            self.netdevs[spec.name] = interface

    def _make_boot_devices(self) -> None:
        for mdev in self.profile.mdevs:
            parent = self.mdev.parents.get(mdev.parent)
            kind = parent.find_type(mdev.type) if parent else None
            if parent is None or kind is None:
                raise ProfileError(f"mdev {mdev.uuid}: there is no parent {mdev.parent!r} with type {mdev.type!r}")
            parent.create(kind, mdev.uuid.lower())
        for vgpu in self.profile.vgpus:
            self._vendor_part(vgpu.function).select(vgpu.type)
        for holder in self.profile.holders:
            self.hold(holder.device, holder.pid, holder.comm, holder.cmdline or DEFAULT_COMMAND)

    def _vendor_part(self, address: str) -> VendorVfio:
        function = self.pci.function(address)
        for part in function.parts if function else []:
            if isinstance(part, VendorVfio):
                return part
        raise ProfileError(f"{address} has no vGPU files")
