# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import identity, pci
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

IGB, ICE, NVME, T4 = "0000:01:00.0", "0000:31:00.0", "0000:02:00.0", "0000:3b:00.0"


def of(host, address):
    root = host.root()
    return identity.Identities(root).of(pci.observe(root)[address])


def add(host, path, text):
    host.kernel.tree.add(path, Attribute(f"{text}\n".encode()))


def interface(host, address):
    path = host.kernel.tree.resolve(f"sys/bus/pci/devices/{address}")[0]
    (name,) = host.root().names(f"{path}/net")
    return f"{path}/net/{name}"


def test_what_a_network_card_tells(simulated):
    host = simulated("nics")
    path = host.kernel.tree.resolve(f"sys/bus/pci/devices/{IGB}")[0]
    add(host, f"{path}/serial_number", "00-11-22-33-44-55-66-77")
    add(host, "sys/bus/pci/slots/4/address", "0000:01:00")
    found = of(host, IGB)
    mac = host.root().read(f"{interface(host, IGB)}/address")
    assert found.pop("subsystem").count(":") == 1
    assert found == {"serial_number": "00-11-22-33-44-55-66-77", "slot": "4", "mac": mac}


@pytest.mark.parametrize(("kind", "counts"), [("0", True), ("1", False), ("3", False)])
def test_only_a_permanent_mac_is_that_of_the_card(simulated, kind, counts):
    host = simulated("nics")
    add(host, f"{interface(host, IGB)}/addr_assign_type", kind)
    assert ("mac" in of(host, IGB)) is counts


def test_queue_pair_in_an_infiniband_address_is_left_out(simulated):
    host = simulated("nics")
    path = interface(host, IGB)
    host.kernel.tree.remove(f"{path}/address")
    add(host, f"{path}/address", "80:00:0a:12:fe:80:00:00:00:00:00:00:24:8A:07:03:00:ae:b1:a4")
    assert of(host, IGB)["mac"] == "24:8a:07:03:00:ae:b1:a4"


def test_serial_number_that_is_none(simulated):
    host = simulated("nics")
    add(host, f"{host.kernel.tree.resolve(f'sys/bus/pci/devices/{IGB}')[0]}/serial_number", "-".join(["00"] * 8))
    assert "serial_number" not in of(host, IGB)


def test_what_a_gpu_tells(simulated):
    host = simulated("t4")
    add(host, f"proc/driver/nvidia/gpus/{T4}/information", "GPU UUID: \t GPU-2f0a4d5e-0000-4000-8000-000000000001")
    assert of(host, T4)["gpu"] == "GPU-2f0a4d5e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("recorded", "now", "other", "same"),
    [
        ({}, {"mac": "a"}, None, False),
        (None, {"mac": "a"}, None, False),
        ({"mac": 5}, {"mac": "a"}, None, False),
        ({"mac": "a"}, {"mac": "b"}, "MAC address b instead of a", False),
        ({"mac": "a"}, {"mac": "a b"}, None, True),
        ({"mac": "a"}, {}, None, False),
        ({"mac": "a", "slot": "1"}, {"mac": "a", "slot": "2"}, None, True),
        ({"slot": "1"}, {"slot": "2"}, "slot 2 instead of 1", False),
        ({"slot": "1"}, {"slot": "1"}, None, False),
        ({"serial_number": "s"}, {"serial_number": "t"}, "serial number t instead of s", False),
        ({"gpu": "GPU-1"}, {"gpu": "GPU-2"}, "GPU UUID GPU-2 instead of GPU-1", False),
        # Both ports of a card have the same serial number.
        (
            {"serial_number": "s", "mac": "a"},
            {"serial_number": "s", "mac": "b"},
            "MAC address b instead of a",
            True,
        ),
        ({"subsystem": "1:2"}, {"subsystem": "1:3"}, "subsystem 1:3 instead of 1:2", False),
    ],
)
def test_comparison(recorded, now, other, same):
    assert identity.difference(recorded, now) == other
    assert identity.is_same(recorded, now) is same
    assert identity.is_recorded_card(recorded, now) is (same and not other)


def test_what_is_not_told_now_is_kept_of_the_same_card():
    assert identity.kept_identity({"mac": "a", "slot": "1", "x": "y"}, {"slot": "1"}) == {"mac": "a", "slot": "1"}
    assert identity.kept_identity({"mac": "a", "gpu": "GPU-1"}, {"mac": "b"}) == {"mac": "b"}


@pytest.mark.parametrize(
    ("recorded", "now", "driver", "name"),
    [
        ({"mac": "a"}, {}, "igb", "MAC address"),
        ({"mac": "a"}, {}, None, "MAC address"),
        ({"mac": "a"}, {"mac": "b"}, "igb", None),
        ({"mac": "a", "serial_number": "s"}, {"serial_number": "s"}, "igb", None),
        ({"slot": "1"}, {}, "igb", None),
        ({"nvme": "s"}, {}, "nvme", "NVMe serial number"),
        ({"nvme": "s"}, {}, None, "NVMe serial number"),
        ({"nvme": "s"}, {"nvme": "t"}, "nvme", None),
        ({"gpu": "g"}, {}, "nvidia", "GPU UUID"),
        # No driver will report the GPU UUID.
        ({"gpu": "g"}, {}, None, None),
        ({"gpu": "g"}, {}, "nouveau", None),
    ],
)
def test_what_is_not_there_yet(recorded, now, driver, name):
    assert identity.awaited(recorded, now, driver) == name
