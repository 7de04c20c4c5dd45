# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import network as _host_network
from ansible_collections.vfio.devices.tests.simhost import profile
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

BOND = {"name": "bond0", "kind": "bond", "ports": ["ens49f0np0"]}


@pytest.fixture
def network(simulated):
    def make(*routes, netdevs=(), connection=()):
        nics = profile.load("nics")
        nics.routes = [profile.typed(profile.RouteSpec, route, "route") for route in routes]
        nics.netdevs = [profile.typed(profile.VirtualNetdevSpec, netdev, "netdev") for netdev in netdevs]
        host = simulated("nics", routes=nics.routes, netdevs=nics.netdevs)
        return host, lambda: _host_network.in_use(host.root(), list(connection))

    return make


def test_default_route(network):
    dummy, observe = network({"interface": "enp1s0f0", "gateway": "192.0.2.1"})
    assert observe() == {"enp1s0f0": ["carries the default route"]}


def test_both_ends_of_the_connection(network):
    dummy, observe = network(
        {"interface": "enp1s0f0", "gateway": "192.0.2.1"},
        {"interface": "ens49f0np0", "destination": "198.51.100.0", "mask": "255.255.255.0"},
        connection=["203.0.113.9", "198.51.100.7"],
    )
    assert observe() == {
        "enp1s0f0": ["carries the default route", "carries the connection of this run (203.0.113.9)"],
        "ens49f0np0": ["carries the connection of this run (198.51.100.7)"],
    }


def test_port_of_a_bond_has_the_uses_of_the_bond(network):
    dummy, observe = network({"interface": "bond0"}, netdevs=[BOND])
    assert observe()["ens49f0np0"] == [
        "is a port of the bond bond0",
        "is below bond0, which carries the default route",
    ]
    dummy, observe = network(netdevs=[{**BOND, "name": "br0", "kind": "bridge"}])
    assert observe() == {"ens49f0np0": ["is a port of the bridge br0"]}


def test_vlan_on_top(network):
    host, observe = network()
    tree = host.kernel.tree
    tree.directory("sys/devices/virtual/net/ens49f0np0.7")
    tree.link("sys/class/net/ens49f0np0.7", "sys/devices/virtual/net/ens49f0np0.7")
    card, dummy = tree.resolve("sys/class/net/ens49f0np0")
    tree.link(f"{card}/upper_ens49f0np0.7", "sys/devices/virtual/net/ens49f0np0.7")
    assert observe() == {"ens49f0np0": ["is below ens49f0np0.7"]}


def test_default_route_of_ipv6(network):
    host, observe = network()
    line = f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00000003 ens49f0np0\n"
    unreachable = line.replace("00000003 ens49f0np0", "00200200       lo")
    host.kernel.tree.add("proc/net/ipv6_route", Attribute((line + unreachable).encode()))
    assert observe() == {"ens49f0np0": ["carries the default route"]}
    assert _host_network.routes(host.root()) == [_host_network.Route(ipaddress.ip_network("::/0"), "ens49f0np0")]


def process(host, number, parent, environment):
    files = {
        "status": Attribute(f"Name:\tx\nPPid:\t{parent}\n".encode()),
        "environ": Attribute(environment.encode()),
    }
    host.kernel.tree.attributes(f"proc/{number}", files)


def test_connection_of_the_environment_or_of_an_ancestor(simulated):
    host = simulated("nics")
    connection = "192.0.2.9 50000 192.0.2.1 22"
    assert _host_network.connection_of(host.root(), {"SSH_CONNECTION": connection}, 9) == ["192.0.2.9", "192.0.2.1"]
    process(host, 30, 20, "PATH=/bin\0SUDO_USER=joe\0")
    process(host, 20, 10, f"HOME=/\0SSH_CONNECTION={connection}\0")
    assert _host_network.connection_of(host.root(), {}, 30) == ["192.0.2.9", "192.0.2.1"]
    process(host, 20, 30, "HOME=/\0")
    assert _host_network.connection_of(host.root(), {}, 30) == []
    assert _host_network.connection_of(host.root(), {"SSH_CONNECTION": "nonsense"}, 30) == []


def test_addresses_in_all_spellings():
    assert str(_host_network._address("fe80::1%eth0")) == "fe80::1"
    assert str(_host_network._address("::ffff:192.0.2.1")) == "192.0.2.1"
    assert _host_network._address("UNKNOWN") is None


@pytest.mark.parametrize("path", ["proc/net/route", "proc/net/ipv6_route"])
@pytest.mark.parametrize("line", ["x", "a b c d e f g h i j", "eth0 00 00 zz 0 0 0 00 0 0 0"])
def test_garbage_in_a_table_is_told(network, path, line):
    host, observe = network()
    host.kernel.tree.add(path, Attribute(f"header\n{line}\n".encode()))
    assert observe() == {}
    assert "which is no route" in host_warnings(host)


def host_warnings(host):
    root = host.root()
    _host_network.routes(root)
    return " ".join(root.warnings)
