# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import iommu
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci as devices_pci
from ansible_collections.vfio.devices.plugins.module_utils._guards import registry
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.tests.simhost.tree import Link
from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_holders(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    host.create("mtty", "mtty-1", OTHER)
    host.kernel.hold(UUID, pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1,debug-threads=on"])
    devices = by("uuid", host.facts("devices", "users")["devices"])
    expected = {"pid": 4242, "command": "qemu-system-x86", "domain": "web1", "running": True, "device_file": None}
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


@pytest.mark.parametrize("options", [{}, {"vfio_cdev": True}])
def test_a_path_that_is_referred_to_is_not_open(simulated, options):
    """udev briefly opens the node of each new group with O_PATH."""
    host = simulated("mtty", **options)
    host.create("mtty", "mtty-1", UUID)
    group = host.facts("devices")["devices"][0]["iommu_group"]
    host.kernel.holders.look_at(f"/dev/vfio/{group}", pid=3513, comm="(udev-worker)")
    if options:
        host.kernel.holders.look_at("/dev/vfio/devices/vfio0", pid=3514, comm="(udev-worker)")
    (device,) = host.facts("devices", "users")["devices"]
    assert device["users"] == []
    host.kernel.hold(UUID, pid=4242)
    assert [user["pid"] for user in host.facts("devices", "users")["devices"][0]["users"]] == [4242]


@pytest.mark.parametrize("target", ["/dev/vfio/{} (deleted)", "/srv/jail/dev/vfio/{}", "/dev/vfio/noiommu-{}"])
def test_other_names_of_an_open_group(simulated, target):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    host.kernel.hold(UUID, pid=4242)
    group = host.facts("devices")["devices"][0]["iommu_group"]
    tree = host.kernel.tree
    for name in tree.names("proc/4242/fd"):
        node = tree.nodes[f"proc/4242/fd/{name}"]
        node.target = target.format(group) if node.target == f"/dev/vfio/{group}" else "/dev/null"
    (device,) = host.facts("devices", "users")["devices"]
    assert [user["pid"] for user in device["users"]] == [4242]


def test_function_that_a_program_has_through_uio(simulated):
    host = simulated("nics")
    first = host.facts("physical_functions")["physical_functions"][0]
    tree = host.kernel.tree
    tree.directory("sys/devices/uio/uio0")
    tree.link("sys/class/uio/uio0", "sys/devices/uio/uio0")
    tree.link("sys/devices/uio/uio0/device", f"sys/bus/pci/devices/{first['address']}")
    tree.add("proc/77/fd/5", Link("/dev/uio0"))
    tree.add("proc/77/fd/6", Link("/dev/uio1"))
    seen = functions_only(host)
    users = seen.users()
    assert {address: [user["pid"] for user in found] for address, found in users.items()} == {first["address"]: [77]}
    assert not seen.unseen


def test_a_guest_that_only_the_driver_names(simulated):
    host = simulated("t4")
    types = by("name", host.facts("parents")["parents"][0]["types"])
    host.create("0000:3b:00.0", types["GRID T4-2B"]["id"], UUID)
    host.kernel.faults.content(f"*/{UUID}/nvidia/vm_name", b"desktop-7\n")
    (device,) = host.facts("devices", "users")["devices"]
    assert [user["domain"] for user in device["users"]] == ["desktop-7"]


def functions_only(host):
    """Return the uses that are visible without any list of devices."""
    root = host.root()
    return registry.observe(root, Scene(devices_pci.observe(root), [], Processes(root)), registry.USER_GUARDS)


def test_the_kernel_tells_what_is_in_a_group_that_nobody_asked_for(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    host.kernel.hold(UUID, pid=4242)
    seen = functions_only(host)
    assert [user["pid"] for user in seen.users()[UUID]] == [4242]
    assert not seen.unseen


def test_a_device_that_cannot_be_named_is_told(simulated, monkeypatch):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    host.kernel.hold(UUID, pid=4242)
    monkeypatch.setattr(iommu, "GROUPS", "sys/kernel/none")
    (unseen,) = functions_only(host).unseen
    assert unseen.guard == "vfio"
    assert "process 4242 has a VFIO device open" in unseen.sentence
