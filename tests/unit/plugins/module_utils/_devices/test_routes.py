# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import routes
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

ROUTES4 = [
    {"dst": "default", "dev": "eth0", "gateway": "192.0.2.1", "flags": []},
    {"dst": "198.51.100.0/24", "nexthops": [{"dev": "eth1", "flags": []}, {"dev": "eth2", "flags": []}], "flags": []},
    {"dst": "203.0.113.7", "dev": "eth3", "table": "12", "flags": ["linkdown"]},
    {"type": "local", "dst": "192.0.2.5", "dev": "eth4", "table": "local"},
    {"type": "blackhole", "dst": "10.0.0.0/8"},
]
ROUTES6 = [{"dst": "default", "dev": "eth5", "nhid": 7}, {"dst": "::1", "dev": "lo"}]
ADDRESSES = [
    {"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}]},
    {
        "ifname": "eth0",
        "xdp": {"mode": 1},
        "addr_info": [{"local": "192.0.2.5", "prefixlen": 24}, {"local": "fe80::1", "prefixlen": 64}],
    },
    {"ifname": "eth1", "addr_info": [{"local": "fe80::2", "prefixlen": 64}, {}]},
]


def answer(host, monkeypatch, *outputs):
    """Let ip print these texts."""
    waiting = list(outputs)
    root = host.root()
    monkeypatch.setattr(root, "run", lambda program, arguments: waiting.pop(0))
    return root


def test_all_tables_hops_and_addresses(simulated, monkeypatch):
    root = answer(simulated("empty", routes=[]), monkeypatch, *map(json.dumps, (ROUTES4, ROUTES6, ADDRESSES)))
    links = routes.observe_links(root)
    assert [(str(route.network), route.interface) for route in links.routes] == [
        ("0.0.0.0/0", "eth0"),
        ("198.51.100.0/24", "eth1"),
        ("198.51.100.0/24", "eth2"),
        ("::/0", "eth5"),
    ]
    assert links.addresses == {"eth0": ["192.0.2.5/24"]}
    assert links.xdp == {"eth0"}


def test_next_hop_objects_that_the_routes_do_not_tell(simulated, monkeypatch):
    through_objects = [
        {"dst": "default", "nhid": 10, "flags": []},
        {"dst": "198.51.100.0/24", "nhid": 3, "flags": []},
        {"dst": "203.0.113.0/24", "nhid": 99, "flags": []},
    ]
    objects = [
        {"id": 1, "gateway": "192.0.2.1", "dev": "eth0", "flags": []},
        {"id": 2, "gateway": "192.0.2.9", "dev": "eth1", "flags": []},
        {"id": 3, "dev": "eth2", "flags": []},
        {"id": 4, "blackhole": None},
        {"id": 10, "group": [{"id": 1}, {"id": 2}, {"id": 8}]},
    ]
    outputs = [through_objects, objects, [], []]
    links = routes.observe_links(answer(simulated("empty", routes=[]), monkeypatch, *map(json.dumps, outputs)))
    assert [(str(route.network), route.interface) for route in links.routes] == [
        ("0.0.0.0/0", "eth0"),
        ("0.0.0.0/0", "eth1"),
        ("198.51.100.0/24", "eth2"),
    ]


@pytest.mark.parametrize(
    "output", ["no JSON", '{"a": 1}', "[5]", '[{"dev": "eth0"}]', '[{"dst": "x", "dev": "eth0"}]', "null"]
)
def test_a_program_that_says_something_else_leaves_the_tables_of_the_kernel(simulated, monkeypatch, output):
    host = simulated("nics")
    root = answer(host, monkeypatch, output, output, output)
    links = routes.observe_links(root)
    assert links.routes == routes.read_routes(host.root()) != []
    # An old program has no JSON. A new kind of entry may be a route of an interface.
    assert ("ip prints an entry that is not understood" in (links.unknown or "")) is (output != "no JSON")


def test_route_of_ipv6(simulated):
    host = simulated("empty", routes=[])
    line = f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00000003 eth7\n"
    host.kernel.tree.add("proc/net/ipv6_route", Attribute(line.encode()))
    assert routes.read_routes(host.root()) == [routes.Route(ipaddress.ip_network("::/0"), "eth7")]


@pytest.mark.parametrize("path", ["proc/net/route", "proc/net/ipv6_route"])
@pytest.mark.parametrize("line", ["x", "a b c d e f g h i j", "eth0 00 00 zz 0 0 0 00 0 0 0"])
def test_garbage_in_a_table_is_told(simulated, path, line):
    host = simulated("empty", routes=[])
    host.kernel.tree.add(path, Attribute(f"header\n{line}\n".encode()))
    root = host.root()
    assert routes.read_routes(root) == []
    assert "which is not a route" in " ".join(root.warnings)


@pytest.mark.parametrize("line", ["x", "zz 03 40 00 80 eth0", "20010db8000000000000000000000005 03 ff 00 80 eth0"])
def test_garbage_in_the_table_of_addresses_is_told(simulated, line):
    host = simulated("empty", routes=[])
    host.kernel.tree.add("proc/net/if_inet6", Attribute(f"{line}\n".encode()))
    root = host.root()
    assert routes.observe_links(root).addresses == {}
    assert "which is not an address" in " ".join(root.warnings)


def test_missing_program(simulated, monkeypatch):
    root = simulated("nics").root()

    def fail(*arguments):
        raise HostError("there is no program ip", "ip")

    monkeypatch.setattr(root, "run", fail)
    assert routes.observe_links(root).xdp == set()
