# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

from ansible_collections.vfio.devices.plugins.module_utils._capture import networks
from ansible_collections.vfio.devices.plugins.module_utils._capture.anonymize import Anonymizer


def test_a_gateway_stays_in_the_network_of_its_route():
    hide = Anonymizer("secret")
    lines = networks.routes4(
        "Iface Destination\neno1 00000000 0100A8C0 0003 0 0 0 00000000 0 0 0\n"
        "eno1 0000A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0",
        hide,
    ).splitlines()

    def address(word):
        return ipaddress.ip_address(int.from_bytes(bytes.fromhex(word), "little"))

    default, network = lines[1].split(), lines[2].split()
    assert address(default[1]) == ipaddress.ip_address("0.0.0.0")
    moved = ipaddress.ip_network((int(address(network[1])), 24))
    assert address(default[2]) in moved
    assert moved != ipaddress.ip_network("192.168.0.0/24")


def test_a_table_that_is_none_gives_nothing():
    hide = Anonymizer("secret")
    assert networks.routes4("Iface\nnonsense", hide) == "Iface\n"
    assert networks.routes6("nonsense", hide) == networks.addresses6("nonsense", hide) == ""


def test_ipv6():
    hide = Anonymizer("secret")
    said = networks.addresses6("20010db8000100000000000000000001 02 40 00 80 eno1", hide).split()
    assert said[0] != "20010db8000100000000000000000001"
    assert said[1:] == ["02", "40", "00", "80", "eno1"]
    assert networks.route({"dst": "default", "dev": "eno1", "gateway": "10.0.0.1"}, hide) == {
        "dst": "default",
        "dev": "eno1",
    }
    assert networks.route({"dst": "192.168.7.0/24", "dev": "eno1"}, hide)["dst"].endswith(".0/24")
