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
    assert by("name", facts["parents"])[virtual]["types"] == []
