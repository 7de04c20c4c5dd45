# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._capture.anonymize import Anonymizer

GPU = "GPU-8f6b7a3c-1d2e-4f50-9a6b-0c1d2e3f4a5b"


@pytest.fixture
def hide():
    return Anonymizer("secret", ("compute7.example.org", "compute7"))


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("uuid 7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01", "uuid 00000000-0000-4000-8000-000000000001"),
        (GPU, "GPU-00000000-0000-4000-8000-000000000001"),
        ("3c:ec:ef:12:34:56", "02:00:00:00:00:01"),
        ("enx3cecef123456", "enx020000000001"),
        ("0c42:a103:00f5:1234", "0000:0000:0000:0001"),
        ("00-15-5d-ff-ff-01-02-03", "00-00-00-00-00-00-00-01"),
        ("9f2c7a0c1b7e4f0c8d5a6b3e2f1d0c9b", "00000000000000000000000000000001"),
    ],
)
def test_identities(hide, text, hidden):
    assert hide.text(text) == hidden
    assert hide.text(f"{text} and {text}") == f"{hidden} and {hidden}"


@pytest.mark.parametrize(
    "text",
    [
        "0000:3b:00.0 -> ../../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0",
        "pci:v000010DEd00001EB8sv000010DEsd000012A2bc03sc02i00",
        "00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 00000000-0000-0000-0000-000000000000",
        "127.0.0.1 ::1 0.0.0.0 255.255.255.0 224.0.0.1",
        "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0.0.0313 6.8.12-9-pve 22.31.1014 00000000-0000-0000-0000-000000000101",
    ],
)
def test_what_identifies_nobody_stays(hide, text):
    assert hide.text(text) == text


def test_different_things_stay_different(hide):
    assert len({hide.text(f"3c:ec:ef:12:34:{last:02x}") for last in range(100)}) == 100


@pytest.mark.parametrize(
    "network", ["10.1.0.0/16", "192.168.7.0/24", "203.0.113.0/24", "2001:db8:1::/48", "fd00:1::/64"]
)
def test_addresses_of_a_network_stay_in_one(hide, network):
    network = ipaddress.ip_network(network)
    moved = ipaddress.ip_network(f"{hide.network(network.network_address, network.prefixlen)}/{network.prefixlen}")
    inside, other = (
        network.network_address + 77,
        network.network_address + 2 ** (network.max_prefixlen - network.prefixlen),
    )
    assert moved != network
    assert ipaddress.ip_address(hide.address(str(inside))) in moved
    assert ipaddress.ip_address(hide.address(str(other))) not in moved
    assert hide.address(str(inside)) != str(inside)


def test_addresses_depend_on_the_secret():
    assert Anonymizer("a").address("192.0.2.1") != Anonymizer("b").address("192.0.2.1")
    assert Anonymizer("a").address("192.0.2.1") == Anonymizer("a").address("192.0.2.1")


def test_link_local_addresses_have_no_hardware_address(hide):
    moved = hide.address("fe80::3eec:efff:fe12:3456")
    assert moved.startswith("fe80::")
    assert "efff" not in moved


def test_names_of_the_host(hide):
    assert hide.host("on compute7.example.org, COMPUTE7 and compute70") == "on host, host and compute70"
    assert (hide.node("compute7"), hide.node("compute8")) == ("host", "node-1")
    assert (hide.name("guest", "web"), hide.name("guest", "db"), hide.name("guest", "web")) == (
        "guest-1",
        "guest-2",
        "guest-1",
    )


def test_serial_numbers(hide):
    assert hide.serial("S4EVNX0N123456") == hide.serial("S4EVNX0N123456") == "SERIAL0001"
    assert hide.serial("00-15-5d-ff-ff-01-02-03") == "00-00-00-00-00-00-00-01"
