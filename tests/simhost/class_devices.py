# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces and block devices, through which the host itself uses a PCI function."""

from __future__ import annotations

import errno
import hashlib
from typing import TYPE_CHECKING

from .devices import Device
from .kstrto import error
from .operations import Steps
from .profile import DiskSpec, NetdevSpec, VirtualNetdevSpec
from .tree import Attribute, constant

if TYPE_CHECKING:
    from .host import SimHost
    from .pci import PciFunction

IFF_UP = 0x1003
IFF_DOWN = 0x1002


def mac_address(seed: str) -> str:
    """Return a locally administered address that depends only on the seed."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return ":".join(["52", "54"] + [digest[n : n + 2] for n in range(0, 8, 2)])


def interface_name(spec: NetdevSpec, function: PciFunction) -> str:
    """Return the name of a function's interface with its address filled in."""
    address = function.address
    return spec.name.format(bus=address.bus, slot=address.slot, function=address.function)


def _no_phys_port_name() -> str:
    # The result of dev_get_phys_port_name for a driver without the callback (net/core/dev.c).
    raise error(errno.EOPNOTSUPP)


class NetInterface:
    """A network interface of the PCI function ``device``; tests may change ``up``."""

    def __init__(self, function: PciFunction, spec: NetdevSpec) -> None:
        self.host = function.host
        self.device = function
        self.spec = spec
        self.name = interface_name(spec, function)
        self.path = f"{function.path}/net/{self.name}"
        self.seed = f"{self.host.name} {self.path}"
        self.up = spec.up
        self.speed = spec.speed

    def attach(self) -> None:
        """Register the interface."""
        tree = self.host.tree
        tree.attributes(self.path, interface_attributes(self, self.seed))
        tree.link(f"{self.path}/device", self.device.path)
        tree.link(f"{self.path}/subsystem", "sys/class/net")
        tree.link(f"sys/class/net/{self.name}", self.path)
        self.host.netdevs[self.name] = self

    def detach(self) -> Steps[None]:
        """Unregister the interface."""
        yield from ()
        for other in list(self.host.netdevs.values()):
            if isinstance(other, VirtualInterface):
                other.free(self.name)
        self.host.tree.remove(f"sys/class/net/{self.name}")
        self.host.tree.remove(f"{self.device.path}/net/{self.name}")
        if not self.host.tree.names(f"{self.device.path}/net"):
            self.host.tree.remove(f"{self.device.path}/net")
        self.host.netdevs.pop(self.name, None)

    def rename(self, name: str) -> None:
        """Rename the interface, as udev does some time after the driver was bound."""
        list(self.detach())
        self.name = name
        self.path = f"{self.device.path}/net/{name}"
        self.attach()

    @property
    def phys_port_name(self) -> str | None:
        """Return the port name of uplinks and representors in switchdev mode."""
        if self.spec.eswitch == "switchdev" and self.spec.phys_port_name is None:
            return f"p{self.device.address.function}"
        return self.spec.phys_port_name


class VirtualInterface:
    """A bond or a bridge with its ports."""

    def __init__(self, host: SimHost, spec: VirtualNetdevSpec) -> None:
        self.host = host
        self.name = spec.name
        self.spec = spec
        self.ports = list(spec.ports)
        self.path = f"sys/devices/virtual/net/{spec.name}"
        self.up = True
        self.speed = -1
        self.phys_port_name: str | None = None

    def attach(self) -> None:
        """Register the interface and enslave its ports."""
        tree, spec = self.host.tree, self.spec
        tree.attributes(self.path, interface_attributes(self, f"{self.host.name} {self.path}"))
        tree.link(f"{self.path}/subsystem", "sys/class/net")
        tree.link(f"sys/class/net/{self.name}", self.path)
        if spec.kind == "bond":
            tree.add(f"{self.path}/bonding/slaves", Attribute(lambda: " ".join(self.ports) + "\n"))
        else:
            tree.add(f"{self.path}/bridge/bridge_id", constant("8000.525400000001"))
        for port in spec.ports:
            port_path = tree.resolve(f"sys/class/net/{port}")[0]
            tree.link(f"{port_path}/master", self.path)
            tree.link(f"{port_path}/upper_{self.name}", self.path)
            tree.link(f"{self.path}/lower_{port}", port_path)
            if spec.kind == "bridge":
                tree.link(f"{self.path}/brif/{port}", f"{port_path}/brport")
                tree.link(f"{port_path}/brport/bridge", self.path)

    def free(self, port: str) -> None:
        """Release a port that is about to disappear."""
        if port in self.ports:
            self.ports.remove(port)
            self.host.tree.remove(f"{self.path}/lower_{port}")
            self.host.tree.remove(f"{self.path}/brif/{port}")


def interface_attributes(interface: NetInterface | VirtualInterface, seed: str) -> dict[str, Attribute]:
    """Return the files of an interface (net/core/net-sysfs.c)."""

    def carrier() -> str:
        if not interface.up:
            raise error(errno.EINVAL)
        return "1\n"

    def speed() -> str:
        carrier()
        return f"{interface.speed}\n"

    port_name = interface.phys_port_name
    return {
        "address": constant(mac_address(seed)),
        "operstate": Attribute(lambda: "up\n" if interface.up else "down\n"),
        "carrier": Attribute(carrier),
        "flags": Attribute(lambda: f"{IFF_UP if interface.up else IFF_DOWN:#x}\n"),
        "speed": Attribute(speed),
        "mtu": constant(1500),
        "type": constant(1),
        "phys_port_name": constant(port_name) if port_name else Attribute(_no_phys_port_name),
        "uevent": constant(f"INTERFACE={interface.name}"),
    }


class BlockController:
    """A storage controller (``nvme0``, ``ata1``) and its disks with partitions."""

    def __init__(self, device: Device, name: str, disks: list[DiskSpec]) -> None:
        self.host = device.host
        self.device = device
        self.name = name
        self.disks = disks
        self.kind = "nvme" if name.startswith("nvme") else "ata_port"
        self.path = f"{device.path}/{'nvme/' if self.kind == 'nvme' else ''}{name}"

    def attach(self) -> None:
        """Register the controller and its block devices."""
        tree = self.host.tree
        tree.directory(self.path)
        tree.link(f"{self.path}/device", self.device.path)
        tree.link(f"sys/class/{self.kind}/{self.name}", self.path)
        if self.kind == "nvme":
            tree.attributes(
                self.path,
                {"state": constant("live"), "transport": constant("pcie"), "model": constant("Simulated")},
            )
        for disk in self.disks:
            self._add_block(disk.name, f"{self.path}/{disk.name}", disk.holders if not disk.partitions else [])
            tree.link(f"{self.path}/{disk.name}/device", self.path)
            tree.link(f"sys/block/{disk.name}", f"{self.path}/{disk.name}")
            for number, partition in enumerate(disk.partitions, 1):
                path = f"{self.path}/{disk.name}/{partition}"
                self._add_block(partition, path, disk.holders)
                tree.add(f"{path}/partition", constant(number))

    def detach(self) -> Steps[None]:
        """Unregister them; a mounted file system does not prevent the removal of a disk."""
        yield from ()
        tree = self.host.tree
        for disk in self.disks:
            tree.remove(f"sys/block/{disk.name}")
            for name in (disk.name, *disk.partitions):
                tree.remove(f"sys/class/block/{name}")
                tree.remove(f"dev/{name}")
        tree.remove(f"sys/class/{self.kind}/{self.name}")
        tree.remove(f"{self.device.path}/nvme" if self.kind == "nvme" else self.path)

    def _add_block(self, name: str, path: str, holders: list[str]) -> None:
        tree = self.host.tree
        tree.attributes(path, {"size": constant(1953525168), "ro": constant(0), "removable": constant(0)})
        tree.directory(f"{path}/slaves")
        tree.directory(f"{path}/holders")
        for holder in holders:
            tree.directory(f"sys/devices/virtual/block/{holder}/slaves")
            tree.link(f"{path}/holders/{holder}", f"sys/devices/virtual/block/{holder}")
            tree.link(f"sys/devices/virtual/block/{holder}/slaves/{name}", path)
            tree.link(f"sys/class/block/{holder}", f"sys/devices/virtual/block/{holder}")
            tree.link(f"sys/block/{holder}", f"sys/devices/virtual/block/{holder}")
        tree.link(f"{path}/subsystem", "sys/class/block")
        tree.link(f"sys/class/block/{name}", path)
