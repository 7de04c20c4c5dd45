# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import differing_cards as subject
from ansible_collections.vfio.devices.plugins.filter import resolve

differing_cards = subject.FilterModule().filters()["differing_cards"]
GATHER = ("physical_functions", "parents", "devices", "users")


def plan_of(host, **profile):
    return resolve.resolve([{"name": "a", **profile}], host.facts(*GATHER))


@pytest.fixture
def t4(simulated):
    host = simulated("t4")
    return host, [card["address"] for card in host.facts()["physical_functions"] if card["framework"]]


def test_cards_whose_devices_differ(t4):
    host, cards = t4
    plan = plan_of(host, select=cards, vgpu={"type": "GRID T4-2B"})
    host.converge(plan["instances"][0], exact=True)
    result = host.converge(*plan["instances"], exact=True, check=True)
    assert differing_cards(plan, [result, {"skipped": True}]) == cards[1:]
    host.converge(*plan["instances"], exact=True)
    assert differing_cards(plan, [host.converge(*plan["instances"], exact=True, check=True)]) == []


def test_a_card_in_use_differs_still(t4):
    host, cards = t4
    made = host.converge({"type": ["GRID T4-1B"], "parent": cards[0]})
    host.kernel.hold(made["created"][0])
    plan = plan_of(host, select=cards[:1], vgpu={"type": "GRID T4-2B"})
    options = {"exact": True, "on_busy": "skip"}
    host.converge(*plan["instances"], **options)
    assert differing_cards(plan, [host.converge(*plan["instances"], **options, check=True)]) == cards[:1]


def test_parents_on_virtual_functions_and_what_is_planned_later(switch):
    run = switch("a40")
    cards = [card["address"] for card in run.host.facts()["physical_functions"]]
    run({"pf": cards[0], "mode": "vf", "num_vfs": "0"})
    plan = plan_of(run.host, select=cards, mode="vf", num_vfs="max", vgpu={"type": "NVIDIA A40-8Q"})
    devices = run.host.converge(*plan["instances"], exact=True, check=True)
    assert differing_cards(plan, [devices]) == cards
    assert differing_cards(plan, [run(*plan["functions"], check=True)]) == cards[:1]


@pytest.mark.parametrize("results", [None, [None], [{"changed": True}]])
def test_what_is_no_result(results):
    with pytest.raises(AnsibleFilterError, match="differing_cards takes a plan"):
        differing_cards({"cards": [], "later": []}, results)
