# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import held_cards as subject
from ansible_collections.vfio.devices.plugins.filter import resolve

held_cards = subject.FilterModule().filters()["held_cards"]
GATHER = ("physical_functions", "parents", "devices", "users")


def held(host, **profile):
    facts = host.facts(*GATHER)
    return held_cards(resolve.resolve([{"name": "a", **profile}], facts), facts)


def test_devices_of_a_card(simulated):
    host = simulated("t4")
    cards = [card["address"] for card in host.facts()["physical_functions"] if card["framework"]]
    made = host.converge({"type": ["GRID T4-2B"], "parent": cards[1], "count": "2"})["created"]
    profile = {"select": cards, "vgpu": {"type": "GRID T4-2B"}}
    assert held(host, **profile) == {}
    pid = host.kernel.hold(made[0], comm="qemu-system-x86")
    assert held(host, **profile) == {cards[1]: [f"{made[0]} is in use by guest simulated (pid {pid}, qemu-system-x86)"]}
    assert held(host, **{**profile, "select": cards[:1]}) == {}


def test_virtual_functions_of_a_card(switch):
    run = switch("nics")
    pf = [card["address"] for card in run.host.facts()["physical_functions"] if card["total_vfs"]][1]
    run({"pf": pf, "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"})
    virtual = next(card for card in run.host.facts()["physical_functions"] if card["address"] == pf)[
        "virtual_functions"
    ]
    run.host.kernel.hold(virtual[1]["address"])
    assert list(held(run.host, select=[pf], mode="vf")) == [pf]


@pytest.mark.parametrize("facts", [None, {}, {"physical_functions": [], "parents": []}])
def test_what_are_no_facts(facts):
    with pytest.raises(AnsibleFilterError, match="held_cards takes a plan"):
        held_cards({"cards": [{"name": "x"}]}, facts)


def test_facts_without_users(simulated):
    host = simulated("mtty")
    host.converge({"type": ["Single port serial"], "count": "1"})
    facts = host.facts("physical_functions", "parents", "devices")
    plan = resolve.resolve([{"name": "a", "select": ["mtty"], "vgpu": {"type": "Single port serial"}}], facts)
    with pytest.raises(AnsibleFilterError, match="facts with users"):
        held_cards(plan, facts)
