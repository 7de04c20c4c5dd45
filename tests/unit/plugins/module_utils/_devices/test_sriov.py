# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest


def test_a_card_that_is_locked_is_told_and_does_not_hang_the_rest(simulated):
    host = simulated("nics")
    cards = host.facts()["physical_functions"]
    locked = cards[0]["address"]
    host.write(f"sys/bus/pci/devices/{locked}/sriov_numvfs", "2")
    virtual = host.facts()["physical_functions"][0]["virtual_functions"][0]
    path = f"sys/bus/pci/devices/{virtual['address']}"
    host.write(f"{path}/driver_override", "vfio-pci")
    host.write(f"{path}/driver/unbind", virtual["address"])
    host.write("sys/bus/pci/drivers_probe", virtual["address"])
    host.kernel.hold(virtual["address"], pid=4242)
    with pytest.raises(TimeoutError):
        host.files.attempt(lambda: host.files.write(f"sys/bus/pci/devices/{locked}/sriov_numvfs", b"0"), 1)
    facts = host.facts()
    assert len(facts["physical_functions"]) == len(cards)
    assert facts["physical_functions"][1]["driver_override"] is None
    assert [warning for warning in facts["warnings"] if f"{locked}/driver_override did not answer" in warning]


@pytest.mark.parametrize(("device", "shown"), [("1889", "1889"), ("00aF", "00af")])
def test_device_id_of_virtual_functions_has_four_digits(simulated, device, shown):
    host = simulated("nics")
    host.kernel.faults.content("*/0000:31:00.0/sriov_vf_device", f"{int(device, 16):x}\n".encode())
    cards = {card["address"]: card["vf_product_id"] for card in host.facts("physical_functions")["physical_functions"]}
    assert cards["0000:31:00.0"] == shown
    assert cards["0000:01:00.0"] == "10ca"


def test_no_device_id_of_virtual_functions_without_sriov(simulated):
    cards = simulated("t4").facts("physical_functions")["physical_functions"]
    assert {card["vf_product_id"] for card in cards if not card["total_vfs"]} == {None}


def test_modes(simulated):
    host = simulated("nics")
    card = host.facts()["physical_functions"][0]
    path = f"sys/bus/pci/devices/{card['address']}"
    assert card["mode"] == "host"
    host.write(f"{path}/sriov_numvfs", "3")
    card = host.facts()["physical_functions"][0]
    assert (card["mode"], card["num_vfs"]) == ("vf", 3)
    assert card["virtual_functions"][0]["netdev"]
    host.write(f"{path}/sriov_numvfs", "0")
    host.write(f"{path}/driver_override", "vfio-pci")
    host.write(f"{path}/driver/unbind", card["address"])
    host.write("sys/bus/pci/drivers_probe", card["address"])
    card = host.facts()["physical_functions"][0]
    assert (card["mode"], card["num_vfs"], card["driver"], card["driver_override"]) == ("pf", 0, "vfio-pci", "vfio-pci")
    assert card["netdevs"] == []
