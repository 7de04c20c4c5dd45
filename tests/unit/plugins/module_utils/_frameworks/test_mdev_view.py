# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


def test_t4_makes_types_on_the_card_itself(simulated):
    facts = simulated("t4").facts()
    card = by("address", facts["physical_functions"])["0000:3b:00.0"]
    assert (card["vendor_id"], card["product_id"], card["class"]) == ("10de", "1eb8", "0302")
    assert (card["driver"], card["driver_override"], card["mode"]) == ("nvidia", None, "host")
    assert (card["framework"], card["numa_node"], card["total_vfs"]) == ("mdev", 0, 16)
    parent = by("name", facts["parents"])["0000:3b:00.0"]
    assert (parent["bus"], parent["address"], parent["physical_function"]) == ("pci", "0000:3b:00.0", "0000:3b:00.0")
    assert len(parent["types"]) == 17
    offered = by("name", parent["types"])["GRID T4-2B"]
    assert offered["attributes"]["framebuffer"] == 2048
    assert "framebuffer=2048M" in offered["description"]
    assert (offered["available_instances"], offered["max_instances"], offered["device_api"]) == (8, 8, "vfio-pci")


def test_a_device_uses_up_what_its_gpu_has(simulated):
    host = simulated("t4")
    types = by("name", host.facts("parents")["parents"][0]["types"])
    host.create("0000:3b:00.0", types["GRID T4-2B"]["id"], UUID)
    facts = host.facts()
    (device,) = facts["devices"]
    assert (device["uuid"], device["address"], device["state"]) == (UUID, None, "active")
    assert (device["type_name"], device["parent"], device["framework"]) == ("GRID T4-2B", "0000:3b:00.0", "mdev")
    assert isinstance(device["iommu_group"], int)
    assert (device["autostart"], device["users"]) == (None, None)
    types = by("name", facts["parents"][0]["types"])
    assert types["GRID T4-2B"]["available_instances"] == 7
    assert types["GRID T4-1B"]["available_instances"] == 0


def test_a40_makes_types_on_its_virtual_functions(simulated):
    facts = simulated("a40").facts()
    card = facts["physical_functions"][0]
    assert (card["mode"], card["num_vfs"], card["framework"]) == ("vf", 32, "mdev")
    assert [virtual["index"] for virtual in card["virtual_functions"]] == list(range(32))
    addresses = [virtual["address"] for virtual in card["virtual_functions"]]
    parents = [parent for parent in facts["parents"] if parent["physical_function"] == card["address"]]
    assert sorted(parent["name"] for parent in parents) == sorted(addresses)
    assert {parent["numa_node"] for parent in parents} == {card["numa_node"]}


@pytest.mark.parametrize(
    ("profile", "name", "bus", "api"),
    [
        ("mtty", "mtty", "mtty", "vfio-pci"),
        ("s390", "0.0.0313", "css", "vfio-ccw"),
        ("s390", "matrix", "matrix", "vfio-ap"),
    ],
)
def test_parents_of_other_buses(simulated, profile, name, bus, api):
    parent = by("name", simulated(profile).facts()["parents"])[name]
    assert (parent["bus"], parent["address"], parent["physical_function"]) == (bus, None, None)
    assert parent["types"][0]["device_api"] == api


def test_numbers_of_a_shared_pool(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-2", UUID)
    types = by("id", host.facts()["parents"][0]["types"])
    assert (types["mtty-1"]["available_instances"], types["mtty-1"]["max_instances"]) == (22, 22)
    assert (types["mtty-2"]["available_instances"], types["mtty-2"]["max_instances"]) == (11, 12)


def test_old_kernels_may_have_no_name_of_a_type(simulated):
    (parent,) = simulated("mdpy", kernel="5.10").facts()["parents"]
    assert parent["types"][0]["id"].startswith("mdpy-")


def test_a_removal_that_waits_for_its_user(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    host.kernel.hold(UUID, pid=4242)
    with pytest.raises(TimeoutError):
        host.files.attempt(lambda: host.files.write(f"sys/bus/mdev/devices/{UUID}/remove", b"1"), 1)
    (device,) = host.facts("devices", "users")["devices"]
    assert (device["state"], device["type"], device["parent"]) == ("removing", None, "mtty")
    assert [user["pid"] for user in device["users"]] == [4242]
    host.kernel.release(UUID)
    assert host.facts()["devices"] == []


def test_one_parent_that_fails_does_not_hide_the_types_of_the_others(simulated):
    host = simulated("t4")
    host.kernel.faults.fail("sys/bus/pci/devices/0000:3b:00.0/mdev_supported_types/*/device_api", errno.EIO)
    facts = host.facts()
    assert {offered["device_api"] for offered in facts["parents"][1]["types"]} == {"vfio-pci"}


def test_device_that_is_just_being_made_is_waited_for(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    tree = host.kernel.tree
    link = f"sys/devices/virtual/mtty/mtty/{UUID}/mdev_type"
    node = tree.nodes[link]
    tree.remove(link)
    pause = host.files.pause
    host.files.pause = lambda seconds: (pause(seconds), tree.add(link, node))
    assert host.facts("devices")["devices"][0]["type"] == "mtty-1"
