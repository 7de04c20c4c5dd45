# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import card_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as host_plan


@pytest.fixture
def t4(simulated):
    host = simulated("t4")
    parent = host.facts()["parents"][0]
    return host, parent["name"], {offered["name"]: offered["id"] for offered in parent["types"]}


def plan(host, parent, *types, **vgpu):
    profiles = [{"name": "a", "select": [parent], "vgpu": {"type": list(types), **vgpu}}]
    result, problems = host_plan.plan(profiles, host.facts(*("physical_functions", "parents", "devices", "users")))
    assert not problems
    return result["cards"][0]


def test_a_card_whose_devices_guests_have_keeps_their_type(t4):
    host, parent, ids = t4
    host.create(parent, ids["GRID T4-1B"], "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")
    assert plan(host, parent, "GRID T4-2B")["total"] == 8
    host.kernel.hold("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")
    card = plan(host, parent, "GRID T4-2B")
    assert (card["type"]["name"], card["next_type"]["name"], card["total"]) == ("GRID T4-1B", "GRID T4-2B", 16)


def test_the_first_type_that_there_is_room_for(t4):
    host, parent, ids = t4
    assert plan(host, parent, "GRID T4-2B", "GRID T4-1B")["type"]["id"] == ids["GRID T4-2B"]
    assert plan(host, parent, "GRID T4-1B", "GRID T4-2B")["type"]["id"] == ids["GRID T4-1B"]
    host.create(parent, ids["GRID T4-2B"], "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")
    assert plan(host, parent, "GRID T4-1B", "GRID T4-2B")["type"]["id"] == ids["GRID T4-2B"]


@pytest.mark.parametrize(("owner", "total"), [("none", 3), ("nova", 8)])
def test_the_total_is_what_the_owner_counts(t4, owner, total):
    host, parent, dummy = t4
    profiles = [{"name": "a", "owner": owner, "select": [parent], "vgpu": {"type": "GRID T4-2B", "count": 3}}]
    assert host_plan.plan(profiles, host.facts())[0]["cards"][0]["total"] == total


@pytest.mark.parametrize(
    ("kind", "vendor_id", "advice"),
    [
        ("l40s", "10de", "nvidia-smi mig -lgi"),
        ("t4", "10de", "systemctl status nvidia-vgpud nvidia-vgpu-mgr"),
        ("t4", "1002", "journalctl -k"),
    ],
)
def test_what_to_check_on_a_card_that_lists_no_types(simulated, kind, vendor_id, advice):
    facts = simulated(kind).facts()
    name = facts["parents"][0]["physical_function"]
    for parent in facts["parents"]:
        parent["types"] = []
    for function in facts["physical_functions"]:
        function["vendor_id"] = vendor_id
    profiles = [{"name": "a", "owner": "none", "select": [name], "vgpu": {"type": "GOLD-4Q"}}]
    (problem,) = host_plan.plan(profiles, facts)[1]
    assert problem.startswith(f"profile a, {name}: the card lists no types, so there is no type GOLD-4Q. Its ")
    assert advice in problem


@pytest.mark.parametrize(("num_vfs", "is_planned"), [(0, True), (4, False), ("max", False)])
def test_a_number_of_virtual_functions_that_could_not_be_read(simulated, num_vfs, is_planned):
    facts = simulated("nics").facts()
    for card in facts["physical_functions"]:
        card["total_vfs"] = None
    profiles = [{"name": "a", "select": ["0000:31:00.0"], "mode": "vf", "num_vfs": num_vfs}]
    problems = host_plan.plan(profiles, facts)[1]
    assert problems == ([] if is_planned else [f"profile a, 0000:31:00.0: {card_plan.UNREADABLE}"])


def test_a_card_whose_sriov_is_of_no_use_is_not_told_to_use_it(simulated):
    facts = simulated("debian").facts(*("physical_functions", "parents", "devices", "users"))
    card = next(one for one in facts["physical_functions"] if one["product_id"] == "1eb8")
    assert (card["total_vfs"], card["vf_product_id"]) == (16, "0000")
    profiles = [{"name": "a", "select": [card["address"]], "vgpu": {"type": ["GRID T4-2B"]}}]
    (problem,) = host_plan.plan(profiles, facts)[1]
    assert "virtual functions or none. Set num_vfs: max" not in str(problem)
