# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import namespaces
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link

HOST, POD = "net:[4026531840]", "net:[4026532999]"
OF_POD = "proc/77/root/sys/class/net"


def interface(name, below, kind="", index="2", of=OF_POD):
    device_type = f"DEVTYPE={kind}\n" if kind else ""
    return {f"{of}/{name}/uevent": f"{device_type}INTERFACE={name}\nIFINDEX={index}\n", f"{of}/{name}/iflink": below}


@pytest.fixture
def observe(simulated):
    def run(files, processes=((77, POD),), tools=None):
        host = simulated("nics", files={"proc/77/comm": "pause\n", **files})
        tree = host.kernel.tree
        for process, namespace in ((1, HOST), (70, HOST), *processes):
            tree.add(f"proc/{process}/ns/net", Link(namespace))
        root = host.root()
        if tools:
            root.run = tools
        return namespaces.on_top(root, Processes(root), unknown := []), unknown

    return run


WHERE = "of pid 77, pause, in another network namespace"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        # A macvlan does not report its kind.
        (interface("eth1", "3"), {"3": [f"interface eth1 {WHERE}"]}),
        (interface("eth1", "3", "ipvlan"), {"3": [f"ipvlan eth1 {WHERE}"]}),
        (interface("ens3.7", "3", "vlan"), {"3": [f"vlan ens3.7 {WHERE}"]}),
        # A card that belongs to the pod alone.
        (interface("eth1", "3", index="3"), {}),
        # A veth pair without an end on the host.
        (
            {**interface("eth0", "5", index="3"), **interface("eth0", "3", index="5", of="proc/78/root/sys/class/net")},
            {},
        ),
        ({}, {}),
    ],
)
def test_interfaces_of_a_pod(observe, files, found):
    pods = ((77, POD), (78, "net:[4026533000]"))
    assert observe({**interface("lo", "1", index="1"), **files}, pods) == (found, [])


def test_process_of_the_host_is_not_asked(observe):
    files = interface("eth1", "3", of="proc/70/root/sys/class/net")
    assert observe(files, processes=()) == ({}, [])


def test_service_that_sees_the_interfaces_of_the_host(simulated):
    host = simulated("nics")
    tree = host.kernel.tree
    for process, namespace in ((1, HOST), (77, POD)):
        tree.add(f"proc/{process}/ns/net", Link(namespace))
    for name in tree.names("sys/class/net"):
        tree.add(f"{OF_POD}/{name}/uevent", Attribute(b"IFINDEX=9\n"))
        tree.add(f"{OF_POD}/{name}/iflink", Attribute(b"3\n"))
    root = host.root()
    assert namespaces.on_top(root, Processes(root), []) == {}


# The directory is mounted twice.
NAMED = f"36 24 0:4 {POD} /run/netns/blue rw shared:1 - nsfs nsfs rw\n" * 2
LINKS = [
    {"ifname": "lo", "linkinfo": {}},
    {"ifname": "macvtap0", "ifindex": 7, "link_index": 3, "linkinfo": {"info_kind": "macvtap"}},
    {"ifname": "veth0", "ifindex": 8, "link_index": 4, "linkinfo": {"info_kind": "veth"}},
]


def test_namespace_without_a_process(observe):
    asked = []

    def tell(program, arguments):
        asked.append(arguments)
        return json.dumps(LINKS)

    found, _warnings = observe({"proc/1/mountinfo": NAMED}, processes=(), tools=tell)
    assert found == {"3": ["macvtap macvtap0 of the network namespace blue"]}
    assert asked == [["-n", "blue", "-json", "-details", "link", "show"]]
    observe({"proc/1/mountinfo": NAMED}, tools=tell)
    assert len(asked) == 1


@pytest.mark.parametrize("is_removed", [False, True])
def test_namespace_that_does_not_answer(simulated, is_removed):
    host = simulated("nics", files={"proc/1/mountinfo": NAMED})
    root = host.root()

    def fail(*arguments):
        if is_removed:
            host.kernel.tree.remove("proc/1/mountinfo")
        return "no JSON"

    root.run, unknown = fail, []
    assert namespaces.on_top(root, Processes(root), unknown) == {}
    assert ["network namespace blue are unknown" in one for one in unknown] == ([] if is_removed else [True])
