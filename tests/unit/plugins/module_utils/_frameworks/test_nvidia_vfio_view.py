# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.tests.unit.lists import by


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
    occupied = {one["name"]: numbers(one) for one in by("name", facts["parents"])[virtual]["types"]}
    assert occupied == {one["name"]: (0, int(one["name"] == "NVIDIA L40S-8Q")) for one in parents[0]["types"]}


def numbers(offered):
    return offered["available_instances"], offered["max_instances"]


CARD = "0000:84:00.0"
OTHER = "0000:c4:00.0"


def offers(host, card=CARD):
    """Map each type name to its counts on each function of the card."""
    found = {}
    for parent in host.facts("parents")["parents"]:
        if parent["physical_function"] == card:
            for offered in parent["types"]:
                found.setdefault(offered["name"], []).append(numbers(offered))
    return found


def test_a_full_gpu_still_has_its_types(simulated):
    host = simulated("l40s")
    empty = offers(host)
    for card in (CARD, OTHER):
        host.converge({"type": "NVIDIA L40S-8Q", "parent": card, "count": "max"})
    full = offers(host)
    assert list(full) == list(empty)
    assert all(len(found) == 32 for found in full.values())
    assert full["NVIDIA L40S-8Q"] == [(0, 1)] * 6 + [(0, 0)] * 26
    assert set(full["NVIDIA L40S-4Q"]) == {(0, 0)}


def test_a_gpu_of_one_size_has_the_others_too(simulated):
    host = simulated("l40s")
    empty = offers(host)
    host.converge({"type": "NVIDIA L40S-8Q", "parent": CARD, "count": "2"})
    sized = offers(host)
    assert list(sized) == list(empty)
    assert sized["NVIDIA L40S-8Q"] == [(0, 1)] * 2 + [(1, 1)] * 30
    assert sized["NVIDIA L40S-8A"] == [(0, 0)] * 2 + [(1, 1)] * 30
    assert sized["NVIDIA L40S-4Q"] == [(0, 0)] * 32
    assert offers(host, OTHER) == empty


def test_types_that_nobody_has_seen_are_not_there(simulated):
    host = simulated("l40s")
    for card in (CARD, OTHER):
        host.converge({"type": "NVIDIA L40S-8Q", "parent": card, "count": "max"})
    host.files.replace("etc/vfio-devices/vgpu_types/10de-26b9.json", b"{}")
    assert offers(host) == {}


def test_what_is_no_saved_type_is_left_out(simulated):
    host = simulated("l40s")
    empty = offers(host)
    host.files.replace(
        "etc/vfio-devices/vgpu_types/10de-26b9.json", b'{"x": "NVIDIA L40S-5Q", "9999": null, "9998": {"a": 1}}'
    )
    assert offers(host) == empty


def test_types_of_mig_belong_to_cards_with_mig(simulated):
    host = simulated("l40s")
    empty = offers(host)
    host.files.replace("etc/vfio-devices/vgpu_types/10de-26b9.json", b'{"9999": "NVIDIA L40S-1-5C"}')
    assert offers(host) == empty
    for card in (CARD, OTHER):
        host.converge({"type": "NVIDIA L40S-48Q", "parent": card})
    assert set(offers(host)) == set(empty)
