# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"
MTTY_TYPES = "sys/class/mdev_bus/mtty/mdev_supported_types"


def by(key, entries):
    return {entry[key]: entry for entry in entries}


def create(host, parent, type_id, uuid):
    host.write(f"sys/class/mdev_bus/{parent}/mdev_supported_types/{type_id}/create", uuid)


def test_every_part_and_only_the_parts_that_are_asked_for(simulated):
    host = simulated("mixed")
    parts = ("physical_functions", "parents", "devices", "iommu")
    assert set(host.facts()) == {*parts, "warnings"}
    for part in parts:
        assert set(host.facts(part)) == {part, "warnings"}
        assert host.facts(part)[part] == host.facts(*parts)[part]


def test_t4_makes_types_on_the_card_itself(simulated):
    facts = simulated("t4").facts()
    card = by("address", facts["physical_functions"])["0000:3b:00.0"]
    assert (card["vendor_id"], card["product_id"], card["class"]) == ("10de", "1eb8", "0302")
    assert (card["driver"], card["driver_override"], card["mode"]) == ("nvidia", None, "host")
    assert (card["framework"], card["numa_node"], card["total_vfs"]) == ("mdev", 0, 0)
    assert card["drivers_autoprobe"] is None
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
    create(host, "0000:3b:00.0", types["GRID T4-2B"]["id"], UUID)
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
    assert (card["mode"], card["num_vfs"], card["framework"]) == ("vf", 16, "mdev")
    assert [virtual["index"] for virtual in card["virtual_functions"]] == list(range(16))
    addresses = [virtual["address"] for virtual in card["virtual_functions"]]
    parents = [parent for parent in facts["parents"] if parent["physical_function"] == card["address"]]
    assert sorted(parent["name"] for parent in parents) == sorted(addresses)
    assert {parent["numa_node"] for parent in parents} == {card["numa_node"]}


def test_l40s_gives_types_to_its_virtual_functions(simulated):
    host = simulated("l40s")
    facts = host.facts()
    card = facts["physical_functions"][0]
    assert card["framework"] == "vendor_vfio"
    parents = [parent for parent in facts["parents"] if parent["physical_function"] == card["address"]]
    assert len(parents) == card["num_vfs"] == 32
    offered = by("name", parents[0]["types"])["NVIDIA L40S-8Q"]
    assert (offered["available_instances"], offered["device_api"]) == (1, "vfio-pci")

    virtual = parents[3]["name"]
    host.write(f"sys/bus/pci/devices/{virtual}/nvidia/current_vgpu_type", offered["id"])
    facts = host.facts()
    (device,) = facts["devices"]
    assert (device["uuid"], device["address"], device["parent"]) == (None, virtual, virtual)
    assert (device["type"], device["type_name"]) == (offered["id"], "NVIDIA L40S-8Q")
    assert by("name", facts["parents"])[virtual]["types"] == []


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
    create(host, "mtty", "mtty-2", UUID)
    types = by("id", host.facts()["parents"][0]["types"])
    assert (types["mtty-1"]["available_instances"], types["mtty-1"]["max_instances"]) == (22, 22)
    assert (types["mtty-2"]["available_instances"], types["mtty-2"]["max_instances"]) == (11, 12)


def test_old_kernels_may_have_no_name_of_a_type(simulated):
    (parent,) = simulated("mdpy", kernel="5.10").facts()["parents"]
    assert parent["types"][0]["id"].startswith("mdpy-")


def test_definitions_of_mdevctl(simulated):
    host = simulated("mtty")
    definition = b'{"mdev_type": "mtty-2", "start": "auto", "attrs": [{"a": "1"}, {"a": "2"}]}'
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", definition)
    host.files.replace(f"etc/mdevctl.d/mtty/{OTHER}", b'{"mdev_type": "mtty-1", "start": "manual"}')
    host.files.replace("etc/mdevctl.d/mtty/README", b"not a definition")
    create(host, "mtty", "mtty-2", UUID)
    facts = host.facts()
    devices = by("uuid", facts["devices"])
    assert (devices[UUID]["state"], devices[UUID]["autostart"]) == ("active", True)
    assert devices[UUID]["attributes"] == [{"a": "1"}, {"a": "2"}]
    assert (devices[OTHER]["state"], devices[OTHER]["autostart"]) == ("defined", False)
    assert (devices[OTHER]["type"], devices[OTHER]["type_name"]) == ("mtty-1", "Single port serial")
    assert facts["warnings"] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"mdev_type": "a", "attrs": 3}',
        b'{"mdev_type": "a", "attrs": [1]}',
        b"[" * 9999,
    ],
)
def test_a_definition_that_is_none_is_told(simulated, content):
    host = simulated("mtty")
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", content)
    facts = host.facts()
    assert facts["devices"] == []
    (warning,) = facts["warnings"]
    assert warning.startswith(f"etc/mdevctl.d/mtty/{UUID} is no definition of mdevctl")


def test_holders(simulated):
    host = simulated("mtty")
    create(host, "mtty", "mtty-1", UUID)
    create(host, "mtty", "mtty-1", OTHER)
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


def test_a_removal_that_waits_for_its_user(simulated):
    host = simulated("mtty")
    create(host, "mtty", "mtty-1", UUID)
    host.kernel.hold(UUID, pid=4242)
    with pytest.raises(TimeoutError):
        host.files.attempt(lambda: host.files.write(f"sys/bus/mdev/devices/{UUID}/remove", b"1"), 1)
    (device,) = host.facts("devices", "users")["devices"]
    assert (device["state"], device["type"], device["parent"]) == ("removing", None, "mtty")
    assert [user["pid"] for user in device["users"]] == [4242]
    host.kernel.release(UUID)
    assert host.facts()["devices"] == []


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


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        ("*/modalias", errno.EIO),
        ("*/name", errno.EIO),
        ("*/available_instances", errno.EINVAL),
        ("*/numa_node", errno.ENODEV),
    ],
)
def test_what_cannot_be_read_is_null_and_told(simulated, pattern, number):
    host = simulated("t4")
    complete = host.facts()
    host.kernel.faults.fail(pattern, number)
    facts = host.facts()
    assert len(facts["parents"]) == len(complete["parents"])
    assert facts["warnings"]
    assert all(errno.errorcode[number] in warning for warning in facts["warnings"])


def test_one_parent_that_fails_does_not_hide_the_types_of_the_others(simulated):
    host = simulated("t4")
    host.kernel.faults.fail("sys/bus/pci/devices/0000:3b:00.0/mdev_supported_types/*/device_api", errno.EIO)
    facts = host.facts()
    assert {offered["device_api"] for offered in facts["parents"][1]["types"]} == {"vfio-pci"}


def test_classes_choose_the_functions_that_share_nothing(simulated):
    host = simulated("mixed")
    assert {card["class"] for card in host.facts()["physical_functions"]} == {"0200", "0302", "0108"}
    only_capable = host.facts(classes=["ffffff"])["physical_functions"]
    assert all(card["total_vfs"] or card["framework"] for card in only_capable)
    assert len(host.facts(classes=["06"])["physical_functions"]) > len(only_capable)


def test_host_without_anything(simulated):
    facts = simulated("empty").facts()
    assert facts["parents"] == facts["devices"] == facts["warnings"] == []
    assert facts["iommu"] == {"enabled": False, "group_count": 0, "shared_groups": []}


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
