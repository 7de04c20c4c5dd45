# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare how much of a host one run of mdev_facts opens with the minimum for its facts."""

from __future__ import annotations

import uuid

import pytest
from ansible_collections.vfio.devices.tests.simhost.profile import load

STATIC_FILES_OF_A_TYPE = 3  # name, description, device_api
FILES_OF_A_VGPU_FUNCTION = 2  # current_vgpu_type, creatable_vgpu_types


def many_gpus():
    """Return 8 GPUs with 32 VFs each, which are 256 parents of 20 types."""
    first = load("a40").functions[0]
    a40 = {
        "address": "0000:21:00.0",
        "vendor": "10de",
        "device": "2235",
        "class_code": "030200",
        "driver": "nvidia",
        "drivers": ["nvidia"],
        "numa_node": 0,
        "vgpu": {"types": first.vgpu.types, "on": "vf"},
        "sriov": {"total": 32, "offset": 4, "device": "2235", "driver": "nvidia", "numvfs": 32},
        "copies": 8,
    }
    return {"functions": [a40], "numa_nodes": 1}


def many_mdevs():
    """Return 2,000 mdevs on one parent."""
    mdevs = [{"uuid": str(uuid.UUID(int=number)), "parent": "mdpy", "type": "mdpy-vga"} for number in range(2000)]
    parent = {"types": "mdpy", "name": "mdpy", "path": "sys/devices/virtual/mdpy/mdpy", "capacity": 2000}
    return {"parents": [parent], "mdevs": mdevs}


def least_reads(facts, functions):
    """Return the minimum of reads; ``functions`` is the number of PCI functions that are no VFs."""
    cards = facts["physical_functions"]
    mdev_parents = [parent for parent in facts["parents"] if parent["framework"] == "mdev"]
    vgpu_parents = [parent for parent in facts["parents"] if parent["framework"] == "vendor_vfio"]
    type_ids = {offered["id"] for parent in mdev_parents for offered in parent["types"]}
    return (
        functions  # modalias: the class decides which functions are reported
        # numa_node, driver_override; total_vfs, autoprobe, vf_device
        + sum(2 + 3 * bool(card["total_vfs"]) for card in cards)
        + sum(len(parent["types"]) for parent in mdev_parents)  # available_instances
        + STATIC_FILES_OF_A_TYPE * len(type_ids)
        + FILES_OF_A_VGPU_FUNCTION * len(vgpu_parents)
        + sum(device["autostart"] is not None for device in facts["devices"])  # definitions
        + 2  # command line, processor
        + bool(facts["mdevctl"]["udev_rule"])
    )


def least_listings(facts, all_functions):
    """Return the minimum of listings; ``all_functions`` is the number of PCI functions, including VFs."""
    cards = facts["physical_functions"]
    functions = [*cards, *(virtual for card in cards for virtual in card["virtual_functions"])]
    return (
        7  # PCI bus and drivers, mdev bus, parents, IOMMU groups, IOMMU units, definitions
        + all_functions
        + sum(bool(function.get("netdev") or function.get("netdevs")) for function in functions)
        + sum(parent["framework"] == "mdev" for parent in facts["parents"])  # mdev_supported_types
        + sum(parent["bus"] != "pci" for parent in facts["parents"])  # for half-removed mdevs
    )


PROFILES = ["t4", "a40", "l40s", "mtty", "mdpy", "gvt", "s390", "nics", "nvme", "mixed", "empty"]


@pytest.mark.parametrize(
    "profile", [*PROFILES, many_gpus(), many_mdevs()], ids=[*PROFILES, "256-parents", "2000-mdevs"]
)
def test_opens_are_close_to_the_least_possible(simulated, profile):
    host = simulated(profile)
    facts = host.facts()
    addresses = host.files.list("sys/bus/pci/devices")
    functions = sum(not host.files.exists(f"sys/bus/pci/devices/{address}/physfn") for address in addresses)
    reads, listings = host.files.reads, host.files.listings
    listings["sys/bus/pci/devices"] -= 1
    assert facts["warnings"] == []
    assert max(reads.values()) == 1
    assert max(listings.values()) == 1
    assert sum(reads.values()) <= 1.1 * least_reads(facts, functions)
    assert sum(listings.values()) <= 1.1 * least_listings(facts, len(addresses))


def test_256_parents_are_complete_and_right(simulated):
    facts = simulated(many_gpus()).facts()
    assert len(facts["physical_functions"]) == 8
    assert len(facts["parents"]) == 256
    assert {len(parent["types"]) for parent in facts["parents"]} == {22}
    assert {offered["available_instances"] for parent in facts["parents"] for offered in parent["types"]} == {1}
    cards = {parent["physical_function"] for parent in facts["parents"]}
    assert cards == {card["address"] for card in facts["physical_functions"]}


def test_2000_mdevs_are_complete_and_right(simulated):
    facts = simulated(many_mdevs()).facts()
    assert len({device["uuid"] for device in facts["devices"]}) == 2000
    assert {device["type"] for device in facts["devices"]} == {"mdpy-vga"}
    assert len({device["iommu_group"] for device in facts["devices"]}) == 2000
    numbers = {(offered["id"], offered["available_instances"]) for offered in facts["parents"][0]["types"]}
    assert numbers == {("mdpy-vga", 0), ("mdpy-xga", 0), ("mdpy-hd", 0)}
