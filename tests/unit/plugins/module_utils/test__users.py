# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_holders(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    host.create("mtty", "mtty-1", OTHER)
    host.kernel.hold(UUID, pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1,debug-threads=on"])
    devices = by("uuid", host.facts("devices", "users")["devices"])
    expected = {"pid": 4242, "command": "qemu-system-x86", "domain": "web1", "running": True}
    assert devices[UUID]["users"] == [expected]
    assert devices[OTHER]["users"] == []


def test_holders_of_functions_through_group_and_own_file(simulated):
    host = simulated("nics", vfio_cdev=True)
    card = host.facts()["physical_functions"][0]
    host.write(f"sys/bus/pci/devices/{card['address']}/sriov_numvfs", "2")
    first, second = host.facts()["physical_functions"][0]["virtual_functions"]
    for virtual in (first, second):
        path = f"sys/bus/pci/devices/{virtual['address']}"
        host.write(f"{path}/driver_override", "vfio-pci")
        if virtual["driver"]:
            host.write(f"{path}/driver/unbind", virtual["address"])
        host.write("sys/bus/pci/drivers_probe", virtual["address"])
    host.kernel.hold(first["address"], pid=4242)
    host.kernel.hold(second["address"], pid=4243, cdev=True)
    card = host.facts("physical_functions", "users")["physical_functions"][0]
    assert card["users"] == []
    assert [[user["pid"] for user in virtual["users"]] for virtual in card["virtual_functions"]] == [[4242], [4243]]
