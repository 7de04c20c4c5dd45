# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import switch_ports

CARD, OTHER = "0000:41:00.0", "0000:41:00.1"
SCHEMA = {"name": "Open_vSwitch", "tables": {"Interface": {"columns": {}}}}


def interface(name="dpdk0", **options):
    given = {key.replace("_", "-"): value for key, value in options.items()}
    return {"name": name, "type": "dpdk", "options": ["map", [list(pair) for pair in given.items()]]}


def database(*records):
    lines = []
    for record in (SCHEMA, *records):
        text = json.dumps(record)
        lines += [f"OVSDB JSON {len(text)} 5b1f0d2c3e4a49788796a5b4c3d2e1f0a1b2c3d4", text]
    return "\n".join(lines) + "\n"


PORT = {"Interface": {"one": interface(dpdk_devargs=CARD.upper())}}


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([PORT], [("dpdk0", CARD)]),
        ([{"Interface": {"one": interface(dpdk_devargs=f"{CARD},representor=[0]")}}], [("dpdk0", CARD)]),
        ([{"Interface": {"one": interface(dpdk_devargs="class=eth,mac=52:54:00:00:00:01")}}], []),
        ([{"Interface": {"one": interface("eth0", n_rxq="2")}}], []),
        ([PORT, {"Interface": {"one": None}}], []),
        ([PORT, {"Interface": {"one": {"statistics": ["map", []]}}}], [("dpdk0", CARD)]),
        ([PORT, {"Interface": {"one": {"options": ["map", [["dpdk-devargs", OTHER]]]}}}], [("dpdk0", OTHER)]),
        # A record of changes contains only the pairs that differ, and removed ones.
        ([PORT, {"_is_diff": True, "Interface": {"one": {"options": ["map", [["n_rxq", "2"]]]}}}], [("dpdk0", CARD)]),
        (
            [PORT, {"_is_diff": True, "Interface": {"one": {"options": ["map", [["dpdk-devargs", CARD.upper()]]]}}}],
            [],
        ),
        ([{"Interface": {"one": {"name": "x", "options": ["uuid", "dpdk-devargs"]}}}, {"Interface": "x"}], []),
    ],
)
def test_ports_of_open_vswitch(records, found):
    assert switch_ports.in_database(database(*records)) == found


def test_database_that_is_cut_off():
    assert switch_ports.in_database(database(PORT) + '{"Interface": {"two": {"na') == [("dpdk0", CARD)]


DEVICES = f"  dev default {{ num-rx-queues 2 }}\n  dev {CARD} {{ name wan }}\n#  dev {OTHER}\n"
VPP = f"unix {{\n  nodaemon\n}}\ndpdk {{\n{DEVICES}}}\n"


@pytest.mark.parametrize("installed", [True, False])
def test_ports_of_a_host(simulated, installed):
    files = {"etc/openvswitch/conf.db": database(PORT), "etc/vpp/startup.conf": VPP}
    root = simulated("empty", files={**files, **({"usr/bin/vpp": ""} if installed else {})}).root()
    found = [(one.name, one.path, one.running, [*one.references], one.advice) for one in switch_ports.ports(root)]
    port, advice = [("port", CARD)], "remove the port with ovs-vsctl del-port dpdk0"
    expected = [
        ("port dpdk0 of Open vSwitch", "etc/openvswitch/conf.db", False, port, advice),
        ("VPP", "etc/vpp/startup.conf", False, port, ""),
    ]
    assert found == expected[: 1 + installed]
