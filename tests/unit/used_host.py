# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated host on which anything may be in use, and files that notice lost uses."""

from __future__ import annotations

import contextlib
import errno
import re
from collections import Counter

from ansible_collections.vfio.devices.tests.simhost.pci import PciFunction
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

FUNCTION = r"sys/bus/pci/devices/([^/]+)"


NUMBER, UNBIND = re.compile(rf"{FUNCTION}/sriov_numvfs\Z"), re.compile(rf"{FUNCTION}/driver/unbind\Z")


REMOVE, TYPE = re.compile(r"sys/.*/([^/]+)/remove\Z"), re.compile(rf"{FUNCTION}/nvidia/current_vgpu_type\Z")


# New users may arrive after these writes, because drivers take time.
ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


SLOW = re.compile(r".*/(sriov_numvfs|unbind|remove|create|bind|drivers_probe|current_vgpu_type)\Z")


# Effects of a write.
DRIVER, GONE, PORT = "driver", "gone", "port"


ENDED_BY = {
    "guest": {DRIVER, GONE},
    "program": {DRIVER, GONE},
    "address": {DRIVER, GONE, PORT},
    "container": {DRIVER, GONE, PORT},
    "disk": {DRIVER, GONE},
    "macvlan": {DRIVER, GONE, PORT},
    "pod": {DRIVER, GONE, PORT},
    "stopped": {DRIVER, GONE},
}


class World:
    """A host and its users; ``taken`` records the writes that took away a used device."""

    def __init__(self, profile):
        self.profile = profile
        self.host = Simulated(profile)
        self.kernel = self.host.kernel
        self.switch = Switch(self.host)
        self.begun = Counter()
        self._near = None
        self.boots = False
        self.used = {}
        self.taken = []
        self._number = 0

    def watch(self, arrivals, failure=None):
        """Observe each write; ``arrivals`` maps the number of a write to the users that arrive after it."""
        self.host.files = Watched(self, arrivals, failure)
        self.host.tools.files = Watched(self, {}, None)

    def use(self, kind, place, near=None):
        """Start one use of this kind, among all things or only those in ``near``."""
        self._near = near
        getattr(self, f"_{kind}")(place)

    def parts(self, address):
        """Return the functions and mediated devices of the card that a function belongs to."""
        found = self.kernel.pci.function(address)
        card = found.physfn.name if found and found.physfn else address
        functions = [one.name for one in self.functions() if card in (one.name, one.physfn and one.physfn.name)]
        return {*functions, *(uuid for uuid, one in self.kernel.mdev.devices.items() if one.parent.name in functions)}

    def reboot(self):
        self.kernel.reboot()
        self.used = {}

    def functions(self):
        """Return all functions except bridges."""
        addresses = [one["address"] for one in self.profile["functions"]]
        return [
            one
            for one in self.kernel.pci.devices.values()
            if one.name in addresses or (isinstance(one, PciFunction) and one.physfn)
        ]

    def look(self, path, data):
        """Record what a write takes away, before it happens."""
        number, unbind, remove, kind = (pattern.match(path) for pattern in (NUMBER, UNBIND, REMOVE, TYPE))
        # At boot VFs are created although the port is used, because no user loses a VF.
        if number and not self.boots:
            self._ends(number[1], PORT, path)
        if number:
            if data == b"0":
                self._ends_parts(number[1], path)
        elif unbind:
            self._ends(unbind[1], DRIVER, path)
            self._ends_parts(unbind[1], path)
        elif remove:
            self._ends(remove[1], GONE, path)
        elif kind and data == b"0":
            self._ends(kind[1], GONE, path)

    def _ends_parts(self, address, path):
        """Record the VFs of a function, and the mediated devices on it and on them."""
        virtual = [one.name for one in self.functions() if one.physfn and one.physfn.name == address]
        for name in virtual:
            self._ends(name, GONE, path)
        for uuid, mdev in self.kernel.mdev.devices.items():
            if mdev.parent.name in (address, *virtual):
                self._ends(uuid, GONE, path)

    def _ends(self, subject, effect, path):
        self.taken += [(path, subject, kind) for kind in self.used.get(subject, ()) if effect in ENDED_BY[kind]]

    def _add(self, subject, kind):
        self.used.setdefault(subject, set()).add(kind)
        self.begun[kind] += 1

    def _one(self, things, place):
        """Return one function or device name, or None."""
        near = [thing for thing in things if self._near is None or getattr(thing, "name", thing) in self._near]
        return near[place % len(near)] if near else None

    def _guest(self, place):
        names = [*self.kernel.mdev.devices, *(one.name for one in self.functions())]
        able = []
        for name in sorted(names):
            with contextlib.suppress(OSError):
                self.kernel.device(name).check_open()
                able.append(name)
        name = self._one(able, place)
        with contextlib.suppress(OSError):
            if name:
                self.kernel.hold(name)
                self._add(name, "guest")

    def _program(self, place):
        native = [one for one in self.functions() if one.driver and "vfio" not in one.driver.name]
        function = self._one(native, place)
        if function is None:
            return
        self._number += 1
        tree, number = self.kernel.tree, self._number
        device = f"{function.path}/accel/accel{number}"
        tree.add(f"{device}/dev", Attribute(f"261:{number}\n".encode()))
        tree.link(f"sys/class/accel/accel{number}", device)
        self._process(8000 + number, f"/dev/accel/accel{number}")
        self._add(function.name, "program")

    def _process(self, pid, path):
        tree = self.kernel.tree
        tree.add(f"proc/{pid}/comm", Attribute(b"python3\n"))
        tree.add(f"proc/{pid}/fd/3", Link(path))
        tree.add(f"proc/{pid}/fdinfo/3", Attribute(b"flags:\t02\n"))

    def _with_interface(self, place):
        return self._one([one for one in self.functions() if self._interface(one)], place)

    def _interface(self, function):
        """Return the interface of a function in the host's namespace, or None."""
        net = f"{function.path}/net"
        names = self.kernel.tree.names(net) if net in self.kernel.tree.nodes else []
        return names[0] if names else None

    def _address(self, place):
        function = self._with_interface(place)
        if function:
            tree = self.kernel.tree
            present = tree.nodes.get("proc/net/if_inet6")
            line = f"20010db80000000000000000000000{place % 90 + 10} 03 40 00 80 {self._interface(function)}\n".encode()
            tree.add("proc/net/if_inet6", Attribute((present.content() if present else b"") + line))
            self._add(function.name, "address")

    def _container(self, place):
        function = self._with_interface(place)
        if function:
            self.kernel.tree.remove(f"{function.path}/net/{self._interface(function)}")
            self._add(function.name, "container")

    def _macvlan(self, place):
        """Let a container have an interface on top of one of the host."""
        function = self._with_interface(place)
        if function:
            self._number += 1
            tree, pid, index = self.kernel.tree, 8000 + self._number, str(100 + self._number).encode()
            path = f"{function.path}/net/{self._interface(function)}/ifindex"
            if path in tree.nodes:
                index = tree.nodes[path].content()
            tree.add(path, Attribute(index))
            tree.add("proc/1/ns/net", Link("net:[1]"))
            tree.add(f"proc/{pid}/ns/net", Link(f"net:[{pid}]"))
            tree.add(f"proc/{pid}/comm", Attribute(b"pause\n"))
            tree.add(f"proc/{pid}/root/sys/class/net/eth1/uevent", Attribute(b"IFINDEX=2\n"))
            tree.add(f"proc/{pid}/root/sys/class/net/eth1/iflink", Attribute(index))
            self._add(function.name, "macvlan")

    def _pod(self, place):
        """Let a network plugin assign a function to a pod, whose program has not opened it yet."""
        function = self._one(self.functions(), place)
        if function:
            tree = self.kernel.tree
            tree.add("proc/7/comm", Attribute(b"kubelet\n"))
            tree.add("run/netns/cni-1", Attribute(b""))
            tree.add(f"var/lib/cni/sriov/pci/{function.name}", Attribute(b"/run/netns/cni-1\n"))
            self._add(function.name, "pod")

    def _stopped(self, place):
        """Add an LXC container that is not running."""
        function = self._with_interface(place)
        if function:
            self._number += 1
            text = f"lxc.net.0.type = phys\nlxc.net.0.link = {self._interface(function)}\n"
            self.kernel.tree.add(f"var/lib/lxc/web{self._number}/config", Attribute(text.encode()))
            self._add(function.name, "stopped")

    def _disk(self, place):
        disks = [one for one in self.functions() if one.driver and one.driver.name == "nvme"]
        function = self._one(disks, place)
        if function:
            self.kernel.tree.add("proc/swaps", Attribute(b"Filename Type\n/dev/nvme0n1 partition 1 0 -2\n"))
            self._add(function.name, "disk")


class Watched:
    """The files of a host, with each write observed."""

    def __init__(self, world, arrivals, failure):
        self._world, self._files = world, world.kernel.accessor()
        self._arrivals, self._failure = dict(arrivals), failure
        self._writes = 0

    def __getattr__(self, name):
        return getattr(self._files, name)

    def in_time(self, timeout, method, *arguments):
        return self._files.attempt(lambda: getattr(self, method)(*arguments), timeout)

    def write(self, path, data):
        self._world.look(path, data.strip())
        self._count()
        self._files.write(path, data)
        if SLOW.match(path):
            named = ADDRESS.findall(f"{path} {data.decode()}")
            self._let_in(self._world.parts(named[-1]) if named else None)

    def replace(self, path, data):
        self._count()
        self._files.replace(path, data)
        self._let_in()

    def _count(self):
        self._writes += 1
        if self._writes == self._failure:
            raise OSError(errno.EIO, "injected")

    def _let_in(self, near=None):
        """Start the uses that are due, every second one on the card of the last write."""
        for number in [number for number in self._arrivals if number <= self._writes]:
            for kind, place in self._arrivals.pop(number):
                self._world.use(kind, place // 2, near if place % 2 else None)
