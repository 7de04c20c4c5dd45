# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import routes as _routes
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


ICE = "ens49f0np0"
ON_ICE = {"interface": ICE, "destination": "198.51.100.0", "mask": "255.255.255.0"}


def test_connected_route(network):
    dummy, observe = network(ON_ICE)
    assert observe() == {ICE: ["carries the route to 198.51.100.0/24"]}


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("proc/net/if_inet6", "20010db8000000000000000000000005 03 40 00 80 {}\n", "has the address 2001:db8::5/64"),
        ("proc/net/if_inet6", "fe800000000000000000000000000005 03 40 20 80 {}\n", None),
        (
            "proc/1/mounts",
            "198.51.100.20:/nova /var/lib/nova nfs4 rw,addr=198.51.100.20,clientaddr=198.51.100.5 0 0\n",
            "carries the mount /var/lib/nova (198.51.100.20)",
        ),
        (
            "proc/1/mounts",
            "198.51.100.21:6789,203.0.113.1:6789:/ /mnt ceph rw,name=a 0 0\n",
            "carries the mount /mnt (198.51.100.21)",
        ),
        (
            "sys/class/iscsi_connection/connection1:0/persistent_address",
            "198.51.100.10\n",
            "carries an iSCSI session (198.51.100.10)",
        ),
        (
            "sys/class/nvme-fabrics/ctl/nvme4/address",
            "traddr=198.51.100.11,trsvcid=4420\n",
            "carries the NVMe connection nvme4 (198.51.100.11)",
        ),
    ],
)
def test_storage_and_addresses(network, path, content, sentence):
    host, observe = network(ON_ICE)
    host.kernel.tree.add(path, Attribute(content.format(ICE).encode()))
    assert observe()[ICE][0] == (sentence or "carries the route to 198.51.100.0/24")


def test_every_next_hop_and_xdp_program(network, monkeypatch):
    dummy, observe = network()
    network4 = ipaddress.ip_network("0.0.0.0/0")
    routes = [_routes.Route(network4, "enp1s0f0"), _routes.Route(network4, ICE)]
    monkeypatch.setattr(
        _host_network, "observe_links", lambda host: _routes.Links(routes, {ICE: ["192.0.2.7/24"]}, {"enp1s0f0"})
    )
    assert observe() == {
        "enp1s0f0": ["carries the default route", "has an XDP program"],
        ICE: ["carries the default route", "has the address 192.0.2.7/24"],
    }
