# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IOMMU groups, and the device nodes that VFIO creates for them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .operations import Steps, Wait
from .tree import CharacterDevice, Directory, constant

if TYPE_CHECKING:
    from .devices import Device
    from .host import SimHost

# Name of the instance below sys/class/iommu, by the profile's `iommu`.
INSTANCES = {"intel": "dmar0", "amd": "ivhd0", "smmu": "smmu3.0x0000000009050000"}

# Since this version, lazy unmapping is a separate domain type.
LAZY_DOMAINS = (5, 15)


class Numbers:
    """Assigns numbers like the kernel's IDA: always the lowest free one."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._next = 0

    def take(self) -> int:
        """Return the lowest free number."""
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def give(self, number: int) -> None:
        """Free a number."""
        heapq.heappush(self._free, number)


@dataclass
class Group:
    """An IOMMU group with its devices, and those that a VFIO driver offers to user space."""

    number: int
    members: list[Device] = field(default_factory=list)
    offered: list[Device] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Return the directory of the group."""
        return f"sys/kernel/iommu_groups/{self.number}"

    @property
    def device_node(self) -> str:
        """Return the file of the group for user space."""
        return f"dev/vfio/{self.number}"

    @property
    def in_use(self) -> bool:
        """Return whether a process has a device of the group open."""
        return any(member.holders for member in self.members)

    @property
    def viable(self) -> bool:
        """Return whether no host driver uses the group (drivers/iommu/iommu.c, iommu_group_claim_dma_owner)."""
        return all(member in self.offered or not member.owned_by_host for member in self.members)


class Iommu:
    """The IOMMU of a host. Without one, PCI functions have no groups, but mdevs do."""

    def __init__(self, host: SimHost) -> None:
        self.host = host
        self.enabled = host.profile.iommu != "none"
        self._numbers = Numbers()
        self._vfio_numbers = Numbers()
        host.tree.directory("sys/kernel/iommu_groups")
        host.tree.directory("sys/class/iommu")
        host.tree.add("dev/vfio", Directory())
        host.tree.add("dev/vfio/vfio", CharacterDevice(0o666))
        if self.enabled:
            instance = INSTANCES[host.profile.iommu]
            host.tree.directory(f"sys/devices/virtual/iommu/{instance}/devices")
            host.tree.link(f"sys/class/iommu/{instance}", f"sys/devices/virtual/iommu/{instance}")

    def join(self, device: Device, group: Group | None = None) -> None:
        """Add a device to a group, by default to a new one."""
        group = group or self._create(self._domain_type())
        self._add_member(device, group)

    def join_emulated(self, device: Device) -> None:
        """Add an mdev to a new group, which the kernel marks (drivers/vfio/group.c, vfio_noiommu_group_alloc)."""
        group = self._create("unknown")
        if self.host.kernel >= (6, 1):
            self.host.tree.add(f"{group.path}/name", constant("vfio-noiommu"))
        self._add_member(device, group)

    def leave(self, device: Device) -> None:
        """Remove a device from its group; an empty group disappears."""
        group = device.group
        if group is None:
            return
        group.members.remove(device)
        device.group = None
        self.host.tree.remove(f"{device.path}/iommu_group")
        self.host.tree.remove(f"{group.path}/devices/{device.name}")
        if not group.members:
            self.host.tree.remove(group.path)
            self._numbers.give(group.number)

    def offer(self, device: Device) -> None:
        """Offer the device after a VFIO driver was bound: create the file of the group and the vfio-dev directory."""
        group = device.group
        if group is None:
            return
        if not group.offered:
            self.host.tree.add(group.device_node, CharacterDevice())
        group.offered.append(device)
        if self.host.kernel >= (6, 1):
            device.vfio_number = self._vfio_numbers.take()
            name = f"vfio{device.vfio_number}"
            directory = f"{device.path}/vfio-dev/{name}"
            self.host.tree.directory(directory)
            self.host.tree.link(f"{directory}/device", device.path)
            self.host.tree.link(f"sys/class/vfio-dev/{name}", directory)
            self.host.tree.link(f"{directory}/subsystem", "sys/class/vfio-dev")
            if self.host.profile.vfio_cdev:
                self.host.tree.add(f"{directory}/dev", constant(f"511:{device.vfio_number}"))
                self.host.tree.add(f"dev/vfio/devices/{name}", CharacterDevice())

    def withdraw(self, device: Device) -> Steps[None]:
        """Withdraw the device from VFIO, which waits for all users (vfio_unregister_group_dev)."""
        group = device.group
        if group is None or device not in group.offered:
            return
        if device.vfio_number is not None:
            name = f"vfio{device.vfio_number}"
            for path in (f"sys/class/vfio-dev/{name}", f"{device.path}/vfio-dev", f"dev/vfio/devices/{name}"):
                self.host.tree.remove(path)
            self._vfio_numbers.give(device.vfio_number)
            device.vfio_number = None
        if device.holders:
            yield Wait(lambda: not device.holders, f"{device.name} is in use")
        group.offered.remove(device)
        if not group.offered:
            self.host.tree.remove(group.device_node)

    def _domain_type(self) -> str:
        if "iommu=pt" in self.host.profile.cmdline.split():
            return "identity"
        return "DMA-FQ" if self.host.kernel >= LAZY_DOMAINS else "DMA"

    def _create(self, kind: str) -> Group:
        group = Group(self._numbers.take())
        self.host.tree.directory(f"{group.path}/devices")
        self.host.tree.add(f"{group.path}/type", constant(kind))
        return group

    def _add_member(self, device: Device, group: Group) -> None:
        group.members.append(device)
        device.group = group
        self.host.tree.link(f"{device.path}/iommu_group", group.path)
        self.host.tree.link(f"{group.path}/devices/{device.name}", device.path)
