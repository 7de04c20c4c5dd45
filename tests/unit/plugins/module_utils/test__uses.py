# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine any users with any requests: no write takes away a used device."""

from __future__ import annotations

import contextlib
import errno
import re
from collections import Counter

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.restore import restore
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._guards import (
    containers,
    devices,
    kubernetes,
    network,
    open_devices,
    storage,
    vfio,
)
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Seen
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances_job
from ansible_collections.vfio.devices.plugins.module_utils._modes import apply as modes_apply
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes_job
from ansible_collections.vfio.devices.tests.simhost.pci import PciFunction
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

NIC = {
    "vendor": "8086",
    "device": "159b",
    "class_code": "020000",
    "driver": "ice",
    "netdev": {"name": "ens{bus}"},
    "sriov": {"total": 4, "offset": 8, "device": "1889", "driver": "iavf", "netdev": True},
}
NVIDIA = {"vendor": "10de", "class_code": "030200", "driver": "nvidia"}
VFS_OF_GPU = {"total": 4, "offset": 4, "driver": "nvidia", "numvfs": 4}
DRIVE = {"vendor": "144d", "device": "a80a", "class_code": "010802", "driver": "nvme"}
# There are few functions, so that requests often meet users.
NETWORK = {
    "kernel": "6.12",
    "functions": [
        {"address": "0000:31:00.0", **NIC},
        {"address": "0000:32:00.0", **NIC},
        {"address": "0000:61:00.0", "controller": "nvme0", "disks": [{"name": "nvme0n1"}], **DRIVE},
    ],
    "parents": [{"types": "mtty", "name": "mtty", "path": "sys/devices/virtual/mtty/mtty"}],
}
MEDIATED = {
    "kernel": "5.15",
    "functions": [
        {"address": "0000:3b:00.0", "device": "1eb8", "vgpu": {"types": "tesla_t4"}, **NVIDIA},
        {
            "address": "0000:41:00.0",
            "device": "2235",
            "vgpu": {"types": "a40", "on": "vf"},
            "sriov": {"device": "2235", **VFS_OF_GPU},
            **NVIDIA,
        },
    ],
}
VENDOR_SPECIFIC = {
    "kernel": "6.8",
    "functions": [
        {
            "address": "0000:84:00.0",
            "device": "26b9",
            "vgpu": {"types": "l40s", "on": "vf", "framework": "vendor_vfio"},
            "sriov": {"device": "26b9", **VFS_OF_GPU},
            **NVIDIA,
        },
        {"address": "0000:31:00.0", **NIC},
    ],
}
HOSTS = {"network": NETWORK, "mediated": MEDIATED, "vendor-specific": VENDOR_SPECIFIC}
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
# A stopped container cannot start to use anything during the work: it has to be started first.
BEFORE_ONLY = ("stopped",)


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


places = st.integers(0, 999)
counts = st.sampled_from([2, "max"])
drivers = st.sampled_from(["vfio-pci", "default", "none", None])
preparations = st.tuples(st.lists(st.tuples(st.sampled_from("044"), drivers), min_size=2, max_size=2), counts, places)
modes = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["vf", "vf", "pf"]),
        "num_vfs": st.sampled_from(["0", "1", "4", "max"]),
        "vf_driver": drivers,
    }
)
actions = st.one_of(
    st.tuples(st.just("modes"), st.lists(st.tuples(places, modes), min_size=1, max_size=2), st.booleans()),
    st.tuples(
        st.just("instances"),
        st.tuples(places, places, counts),
        st.sampled_from(["present", "exact", "exact", "absent"]),
    ),
    st.tuples(st.just("restore"), st.booleans()),
)


def cards(world):
    """Return the cards whose number of VFs can be set."""
    return [one["address"] for one in world.profile["functions"] if "sriov" in one]


def prepare(world, of_cards, count, place):
    """Set up cards and devices before there are users."""
    for card, (number, driver) in zip(cards(world), of_cards):
        if world.kernel.function(card).driver.name == "ice":
            act(world, ("modes", [(cards(world).index(card), {"mode": "vf", "num_vfs": number, "vf_driver": driver})]))
    for parent in world.host.facts("parents")["parents"][:5]:
        kind = parent["types"][place % len(parent["types"])]["id"]
        with contextlib.suppress(Refused):
            world.host.converge({"parent": parent["name"], "type": kind, "count": count})


def change_modes(world, wanted, skips=False):
    functions = {}
    for place, options in wanted:
        card = world.profile["functions"][place % len(world.profile["functions"])]
        whole = options["mode"] == "pf" or "sriov" not in card
        functions[card["address"]] = {"pf": card["address"], **({"mode": "pf"} if whole else options)}
    world.switch(*functions.values(), on_busy="skip" if skips else "fail")


def change_instances(world, wanted, state):
    place, other, count = wanted
    parents = world.host.facts("parents")["parents"]
    offers = [(parent["name"], kind["id"]) for parent in parents for kind in parent["types"]]
    if not offers:
        return
    parent, kind = offers[place % len(offers)]
    chosen = {"parent": parent, "type": kind, "count": count}
    uuids = sorted(world.kernel.mdev.devices)
    if state == "absent":
        chosen = {"uuid": uuids[other % len(uuids)]} if uuids else {"parent": parent, "type": kind}
    options = {"exact": state == "exact", "state": "absent" if state == "absent" else "present"}
    world.host.converge(chosen, on_busy="skip" if other % 2 else "fail", **options)


def act(world, action):
    """Run a module or the boot program once; refusals and failures are valid results."""
    kind, *arguments = action
    world.boots = kind == "restore"
    with contextlib.suppress(Refused, HostError):
        if kind == "modes":
            change_modes(world, *arguments)
        elif kind == "instances":
            change_instances(world, *arguments)
        else:
            if arguments[0]:
                world.reboot()
            restore(world.host.root(), timeout=1)


def play(name, preparation, before, disturbances):
    world = World(HOSTS[name])
    prepare(world, *preparation)
    for user in before:
        world.use(*user)
    for action, arrivals, failure in disturbances:
        world.watch(arrivals, failure)
        act(world, action)
    return world


def plays(*kinds):
    """Generate plays with these kinds of users: before the first action, and during an action."""
    running = [kind for kind in kinds if kind not in BEFORE_ONLY]
    before = st.lists(st.tuples(st.sampled_from(kinds), places), max_size=2)
    arriving = st.lists(st.tuples(st.sampled_from(running or ["guest"]), places), min_size=1, max_size=3)
    arrivals = st.dictionaries(st.integers(1, 8), arriving, min_size=1, max_size=3)
    disturbed = st.tuples(actions, arrivals, st.none() | st.integers(2, 8))
    disturbances = st.lists(disturbed, min_size=1, max_size=3)
    return st.tuples(st.sampled_from(sorted(HOSTS)), preparations, before, disturbances)


@settings(max_examples=150, database=None, derandomize=True)
@given(plays("guest", "guest", "disk", *sorted(ENDED_BY)))
def test_nobody_loses_what_is_used(wanted):
    assert play(*wanted).taken == []


RESTORE = modes_apply._restore


def restore_without_looks(host, before, outcome, uses):
    RESTORE(host, before, outcome, None)


def without_guard(guard):
    def breaks(patch):
        patch.setattr(guard, "observe", lambda host, scene: [])

    return breaks


def without_looks_at(job, name, nobody):
    """Check the users for the plan, but not directly before a write."""

    def breaks(patch):
        patch.setattr(job, name, nobody)

    return breaks


@pytest.mark.parametrize(
    ("breaks", "kinds"),
    [
        (without_guard(vfio), ["guest"]),
        (without_guard(open_devices), ["program"]),
        (without_guard(devices), ["container", "macvlan"]),
        (without_guard(network), ["address"]),
        (without_guard(storage), ["disk"]),
        (without_guard(kubernetes), ["pod"]),
        (without_guard(containers), ["stopped"]),
        (without_looks_at(modes_job, "_uses", lambda *arguments: None), ["guest", "program"]),
        (without_looks_at(instances_job, "_complete", lambda *arguments: Seen()), ["guest"]),
        (without_looks_at(modes_apply, "_restore", restore_without_looks), ["guest", "program", "address"]),
    ],
)
def test_property_fails_if_something_is_not_looked_at(monkeypatch, breaks, kinds):
    breaks(monkeypatch)
    chosen = settings(max_examples=600, database=None, derandomize=True, phases=[Phase.generate], deadline=None)
    assert play(*find(plays(*kinds), lambda wanted: bool(play(*wanted).taken), settings=chosen)).taken
