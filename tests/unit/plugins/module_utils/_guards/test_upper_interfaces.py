# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._guards import network, upper_interfaces
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

PARENT, CHILD, OTHER = "ens49f0np0", "ib0.8001", "enp1s0f0"


def add_partition(tree, hardware="32"):
    """Let an interface be one of InfiniBand, with an interface of a partition."""
    parent = tree.resolve(f"sys/class/net/{PARENT}")[0]
    for path, index in ((parent, "3"), (f"sys/devices/virtual/net/{CHILD}", "9")):
        tree.add(f"{path}/ifindex", Attribute(f"{index}\n".encode()))
        tree.add(f"{path}/iflink", Attribute(b"3\n"))
    tree.add(f"{parent}/create_child", Attribute(b""))
    tree.add(f"sys/devices/virtual/net/{CHILD}/type", Attribute(f"{hardware}\n".encode()))
    tree.link(f"sys/class/net/{CHILD}", f"sys/devices/virtual/net/{CHILD}")


def test_partitions_of_infiniband(simulated):
    host = simulated("nics")
    tree = host.kernel.tree
    add_partition(tree)
    found = upper_interfaces.observe(host.root(), [PARENT, CHILD, OTHER])
    assert found == {PARENT: [CHILD], CHILD: [], OTHER: []}


def test_end_of_a_pair_whose_other_end_has_the_same_index_elsewhere(simulated):
    host = simulated("nics")
    add_partition(host.kernel.tree, hardware="1")
    assert upper_interfaces.observe(host.root(), [PARENT, CHILD, OTHER]) == {PARENT: [], CHILD: [], OTHER: []}


def test_card_whose_partition_has_a_route(simulated):
    host = simulated("nics")
    tree = host.kernel.tree
    add_partition(tree)
    # Destination 198.51.100.0/24.
    line = f"{CHILD}\t006433C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    tree.add("proc/net/route", Attribute(f"Iface\n{line}".encode()))
    assert network.in_use(host.root(), [])[PARENT] == [f"is below {CHILD}, which carries the route to 198.51.100.0/24"]


def test_no_index_is_read_without_infiniband(simulated):
    host = simulated("nics")
    root = host.root()
    upper_interfaces.observe(root, [PARENT, OTHER])
    assert not [path for path in host.files.reads if path.endswith(("iflink", "ifindex"))]
