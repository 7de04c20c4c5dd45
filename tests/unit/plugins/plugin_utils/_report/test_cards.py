# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as profiles_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._report import cards as report_cards

T4 = "0000:3b:00.0"
NIC = "0000:31:00.0"


def described(host, name, profile=None, reserved=0):
    facts = host.facts("physical_functions", "parents", "devices", "users")
    planned = None
    if profile:
        plan, problems = profiles_plan.plan([{"name": "it", "select": [name], **profile}], facts)
        assert not problems
        (planned,) = plan["cards"]
    return report_cards.describe(selection.subjects(facts)[name], planned, reserved)


def amount(name, used, reserved, free, total):
    return {"name": name, "used": used, "reserved": reserved, "free": free, "total": total}


@pytest.mark.parametrize(
    ("profile", "name", "kind", "title"),
    [
        ("t4", T4, "GPU", "NVIDIA GPU 10de:1eb8"),
        ("nics", NIC, "NIC", "Intel NIC 8086:159b"),
        ("mixed", "0000:65:00.0", "NVMe", "Samsung NVMe 144d:a80a"),
        ("mtty", "mtty", "other", "device"),
    ],
)
def test_what_it_is(simulated, profile, name, kind, title):
    card = described(simulated(profile), name)
    assert (card["kind"], card["title"]) == (kind, title)


def test_devices_of_a_type(simulated):
    host = simulated("t4")
    made = host.converge({"type": "GRID T4-2B", "parent": T4, "count": "5"})["created"]
    pid = host.kernel.hold(made[0], cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    card = described(host, T4)
    assert card["bars"] == [amount("GRID T4-2B", 1, 0, 7, 8)]
    assert card["types"][0] == {"name": "GRID T4-2B", "used": 1, "existing": 5, "free": 3, "most": 8}
    (held,) = card["held"]
    assert (held["name"], held["type"], held["function"], held["state"]) == (made[0], "GRID T4-2B", None, "active")
    assert held["users"] == [{"guest": "web1", "name": "web1", "detail": f"pid {pid}"}]
    (unused,) = card["unused"]
    assert (unused["type"], unused["state"], sorted(unused["names"])) == ("GRID T4-2B", "active", sorted(made[1:]))


@pytest.mark.parametrize(("reserved", "held_back", "free"), [(0, 0, 7), (2, 2, 5), (8, 7, 0)])
def test_what_placement_holds_back_is_not_free(simulated, reserved, held_back, free):
    host = simulated("t4")
    host.kernel.hold(host.converge({"type": "GRID T4-2B", "parent": T4})["created"][0])
    assert described(host, T4, reserved=reserved)["bars"] == [amount("GRID T4-2B", 1, held_back, free, 8)]


def test_the_planned_type_of_an_empty_card(simulated):
    host = simulated("t4")
    assert described(host, T4)["bars"] == []
    card = described(host, T4, {"vgpu": {"type": "GRID T4-4Q"}})
    assert (card["bars"], card["profile"]) == ([amount("GRID T4-4Q", 0, 0, 4, 4)], "it")


def test_virtual_functions(switch):
    run = switch("nics")
    assert described(run.host, NIC)["bars"] == []
    run({"pf": NIC, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"})
    run.host.kernel.hold("0000:31:01.1", cmdline=["dpdk"], comm="dpdk")
    card = described(run.host, NIC)
    assert card["bars"] == [amount("Virtual functions of Intel NIC 8086:159b", 1, 0, 3, 4)]
    assert card["functions"] == ["free", "used", "free", "free"]
    (held,) = card["held"]
    assert (held["name"], held["function"], held["type"]) == (
        "0000:31:01.1",
        "VF 1",
        "virtual function, driver vfio-pci",
    )
    assert held["users"][0]["guest"] is None


def test_vgpus_on_virtual_functions(simulated):
    host = simulated("l40s")
    made = host.converge({"type": "NVIDIA L40S-24Q", "parent": "0000:84:00.0", "count": "2"})["created"]
    host.kernel.hold(made[0])
    card = described(host, "0000:84:00.0")
    assert card["bars"] == [amount("NVIDIA L40S-24Q", 1, 0, 1, 2)]
    assert card["functions"][:3] == ["used", "made", "free"]
    assert [device["name"] for device in card["held"]] == [made[0]]


def test_a_whole_card(switch):
    run = switch("nics")
    run({"pf": NIC, "mode": "pf"})
    run.host.kernel.hold(NIC)
    card = described(run.host, NIC)
    assert card["bars"] == [amount("Whole Intel NIC 8086:159b", 1, 0, 0, 1)]
    assert len(card["users"]) == 1


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        (
            {"pid": 7, "command": "qemu", "domain": "web1", "running": True},
            {"guest": "web1", "name": "web1", "detail": "pid 7"},
        ),
        (
            {"pid": None, "command": None, "domain": "web1", "running": False},
            {"guest": "web1", "name": "web1", "detail": "not running"},
        ),
        (
            {"pid": 7, "command": None, "domain": None, "running": True},
            {"guest": None, "name": "pid 7, unknown", "detail": None},
        ),
        (
            {"pid": None, "command": None, "domain": None, "running": True},
            {"guest": None, "name": "unknown user", "detail": None},
        ),
    ],
)
def test_holders(user, shown):
    assert report_cards.holder(user) == shown


def test_order_of_names_with_numbers():
    assert sorted(["node10", "node2", "node", "a1b"], key=report_cards.in_order) == ["a1b", "node", "node2", "node10"]
