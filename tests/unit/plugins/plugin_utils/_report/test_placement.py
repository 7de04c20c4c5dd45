# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as profiles_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._report import placement as report_placement

ROOT = "compute1.example.com"
T4 = ["0000:3b:00.0", "0000:af:00.0"]
A40 = "0000:41:00.0"
NIC = "0000:31:00.0"
BY_NOVA = " (reported by the service of owner nova)"


def provider(tail, traits=(), used=0, **totals):
    inventories = {name: {"total": total, "reserved": 0} for name, total in totals.items()}
    usages = None if used is None else dict.fromkeys(inventories, used)
    return {
        "name": f"{ROOT}_{tail}",
        "parent": ROOT,
        "inventories": inventories,
        "traits": list(traits),
        "owner": "nova",
        "usages": usages,
    }


def compare(host, profile, *providers):
    facts = host.facts("physical_functions", "parents", "devices", "users")
    plan, problems = profiles_plan.plan([{"name": "it", **profile}] if profile else [], facts)
    assert not problems
    planned = {card["name"]: card for card in plan["cards"]}
    root = {**provider(""), "name": ROOT, "parent": None}
    return report_placement.compare([root, *providers], selection.subjects(facts), planned, ROOT)


def test_trees_by_their_roots():
    result = {
        "providers": [
            {"name": "a", "parent": None},
            {"name": "b", "parent": "a"},
            {"name": "c", "parent": "b"},
            {"name": "d", "parent": None},
        ],
        "owners": {"c": "nova"},
        "usages": {"c": {"VGPU": 1}},
    }
    trees = report_placement.trees(result)
    assert {root: [one["name"] for one in members] for root, members in trees.items()} == {
        "a": ["a", "b", "c"],
        "d": ["d"],
    }
    assert (trees["a"][2]["owner"], trees["a"][2]["usages"], trees["d"][0]["usages"]) == ("nova", {"VGPU": 1}, None)


@pytest.mark.parametrize(
    ("profile", "tail", "card"),
    [
        ("t4", "pci_0000_3b_00_0", T4[0]),
        ("t4", "0000:AF:00.0", T4[1]),
        ("t4", "vfio_0000:af:00.0", T4[1]),
        ("a40", "pci_0000_41_00_4", A40),
        ("a40", "0000:41:00.5", A40),
        ("a40", "0000:41:00.0", A40),
        ("mtty", "mtty_mtty", "mtty"),
        ("s390", "css_0_0_0313", "0.0.0313"),
        ("s390", "ap_matrix", "matrix"),
    ],
)
def test_a_provider_belongs_to_the_card_in_its_name(simulated, profile, tail, card):
    found, stale, dummy = compare(simulated(profile), None, provider(tail, VGPU=1))
    assert [name for name, entry in found.items() if entry["providers"]] == [card]
    assert stale == []


def test_providers_of_others(simulated):
    agent, gone = provider("agent_br-ex", NET_BW_EGR_KILOBIT_PER_SEC=1000), provider("pci_0000_99_00_0", VGPU=8)
    found, stale, drift = compare(simulated("t4"), None, agent, gone)
    assert not any(entry["providers"] for entry in found.values())
    assert [one["name"] for one in stale] == [gone["name"]]
    assert drift == [(None, "a provider for pci_0000_99_00_0 in Placement, but the card is missing on the host")]


PLANNED = {
    "select": [T4[0]],
    "vgpu": {"type": "GRID T4-2B"},
    "placement": {"resource_class": "VGPU", "traits": ["CUSTOM_GOLD", "CUSTOM_NEW"]},
}
TRAITS = PLANNED["placement"]["traits"]


@pytest.mark.parametrize(
    ("providers", "lines"),
    [
        ([provider("pci_0000_3b_00_0", TRAITS, VGPU=8)], []),
        ([provider("pci_0000_3b_00_0", TRAITS, VGPU=6)], ["a total of 6 in Placement, and 8 on the host" + BY_NOVA]),
        ([provider("pci_0000_3b_00_0", TRAITS[:1], VGPU=8)], ["without CUSTOM_NEW in Placement"]),
        (
            [provider("pci_0000_3b_00_0", TRAITS, CUSTOM_X=8)],
            ["resource class CUSTOM_X in Placement instead of VGPU" + BY_NOVA],
        ),
        ([], ["no provider in Placement, which the service of owner nova creates"]),
    ],
)
def test_differences_from_the_plan(simulated, providers, lines):
    assert compare(simulated("t4"), PLANNED, *providers)[2] == [(T4[0], line) for line in lines]


def test_nova_may_publish_fewer_where_it_is_told_so(simulated):
    profile = {**PLANNED, "nova": {"max_instances": 6}}
    assert compare(simulated("t4"), profile, provider("pci_0000_3b_00_0", TRAITS, VGPU=6))[2] == []
    assert compare(simulated("t4"), profile)[2] == []
    more = compare(simulated("t4"), profile, provider("pci_0000_3b_00_0", TRAITS, VGPU=9))[2]
    assert more == [(T4[0], "a total of 9 in Placement, and 8 on the host" + BY_NOVA)]


@pytest.mark.parametrize(
    ("number", "used", "lines"),
    [
        (6, 1, []),
        (5, 1, ["a total of 5 in Placement, and 6 on the host" + BY_NOVA]),
        (16, 1, ["a total of 16 in Placement, and 6 on the host" + BY_NOVA]),
        (6, 0, ["1 in use on the host, but 0 in Placement, which may assign devices twice"]),
    ],
)
def test_providers_of_all_virtual_functions_together(simulated, number, used, lines):
    host = simulated("a40")
    host.kernel.hold(host.converge({"type": "NVIDIA A40-8Q", "parent": A40})["created"][0])
    tails = [f"pci_0000_41_{4 + index >> 3:02x}_{4 + index & 7}" for index in range(number)]
    providers = [provider(tail, used=int(index < used), VGPU=1) for index, tail in enumerate(tails)]
    assert compare(host, {"select": [A40], "vgpu": {"type": "NVIDIA A40-8Q"}}, *providers)[2] == [
        (A40, line) for line in lines
    ]


@pytest.mark.parametrize(
    ("profile", "lines"),
    [
        (
            {"vgpu": {"type": "NVIDIA A40-8Q"}},
            ["no provider in Placement, which the service of owner nova creates"],
        ),
        ({"vgpu": {"type": "NVIDIA A40-8Q"}, "owner": "none"}, ["no provider in Placement"]),
        ({"mode": "vf", "num_vfs": 16}, []),
        ({"mode": "vf", "num_vfs": 16, "owner": "none"}, ["no provider in Placement"]),
    ],
)
def test_a_card_without_a_provider(simulated, profile, lines):
    assert compare(simulated("a40"), {"select": [A40], **profile})[2] == [(A40, line) for line in lines]


@pytest.mark.parametrize(("total", "lines"), [(4, []), (8, ["a total of 8 in Placement, and 4 on the host"])])
def test_virtual_functions_count_as_they_are_and_not_as_they_shall_be(switch, total, lines):
    run = switch("nics")
    run({"pf": NIC, "mode": "vf", "num_vfs": "4"})
    profile = {"select": [NIC], "mode": "vf", "num_vfs": 8, "owner": "none"}
    drift = compare(run.host, profile, provider(f"vfio_{NIC}", CUSTOM_VF=total))[2]
    assert drift == [(NIC, line) for line in lines]


def test_without_a_plan_the_host_itself_tells_what_it_has(switch):
    run = switch("nics")
    run({"pf": NIC, "mode": "vf", "num_vfs": "4"}, {"pf": "0000:31:00.1", "mode": "pf"})
    found, dummy, drift = compare(
        run.host, None, provider(NIC, CUSTOM_VF=6), provider("0000:31:00.1", CUSTOM_PF=1), provider("0000:98:00.0", X=3)
    )
    assert [found[card]["has"] for card in (NIC, "0000:31:00.1", "0000:98:00.0")] == [4, 1, None]
    assert drift == [(NIC, "a total of 6 in Placement, and 4 on the host")]


@pytest.mark.parametrize(("made", "has"), [((), None), (("GRID T4-2B",), 8)])
def test_without_a_plan_devices_tell_their_type(simulated, made, has):
    host = simulated("t4")
    for kind in made:
        host.converge({"type": kind, "parent": T4[0], "count": "2"})
    found = compare(host, None, provider("pci_0000_3b_00_0", VGPU=8))[0]
    assert found[T4[0]]["has"] == has


@pytest.mark.parametrize(("used", "told"), [(0, True), (1, True), (2, False), (None, False)])
def test_what_is_taken_without_placement(simulated, used, told):
    host = simulated("t4")
    for device in host.converge({"type": "GRID T4-2B", "parent": T4[0], "count": "3"})["created"][:2]:
        host.kernel.hold(device)
    drift = compare(host, None, provider("pci_0000_3b_00_0", used=used, VGPU=8))[2]
    line = f"2 in use on the host, but {used} in Placement, which may assign devices twice"
    assert drift == ([(T4[0], line)] if told else [])
