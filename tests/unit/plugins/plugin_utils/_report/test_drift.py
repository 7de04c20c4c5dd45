# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as profiles_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._report import drift as report_drift

NIC = "0000:31:00.0"
T4 = {"select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B"}}
VFS = {"select": [NIC], "owner": "none", "mode": "vf", "num_vfs": 4, "vf_driver": "vfio-pci"}
WHOLE = {"select": [NIC], "owner": "none", "mode": "pf"}
SET = {"pf": NIC, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"}


def drift(host, profile):
    """Return the reported drift of each card that differs."""
    facts = host.facts("physical_functions", "parents", "devices", "users")
    plan, problems = profiles_plan.plan([{"name": "it", **profile}], facts)
    assert not problems
    cards = selection.subjects(facts)
    functions = {entry["pf"]: entry for entry in plan["functions"]}
    found = {
        card["name"]: report_drift.of_card(card, cards[card["name"]], functions.get(card["name"]))
        for card in plan["cards"]
    }
    return {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize(
    ("before", "profile", "lines"),
    [
        (None, VFS, ["0 virtual functions instead of 4"]),
        (SET, VFS, []),
        (SET, {**VFS, "num_vfs": 6}, ["4 virtual functions instead of 6"]),
        (SET, {**VFS, "vf_driver": "iavf"}, ["virtual functions with driver vfio-pci instead of iavf: 4 of 4"]),
        (SET, {**VFS, "vf_driver": "none"}, ["virtual functions with driver vfio-pci instead of none: 4 of 4"]),
        (SET, {**VFS, "vf_driver": "default"}, []),
        (SET, {**VFS, "vf_driver": "iavf", "vfs": [{"index": 0, "driver": "vfio-pci"}]}, []),
        (SET, WHOLE, ["mode vf instead of pf"]),
        (SET, {**WHOLE, "driver": "native"}, ["mode vf instead of the host's own driver"]),
        (None, WHOLE, ["mode host instead of pf"]),
        (None, {**WHOLE, "driver": "native"}, []),
        ({"pf": NIC, "mode": "pf"}, WHOLE, []),
        ({"pf": NIC, "mode": "pf"}, {**WHOLE, "driver": "ice_vfio"}, ["driver vfio-pci instead of ice_vfio"]),
        ({"pf": NIC, "mode": "pf"}, VFS, ["mode pf instead of vf"]),
    ],
)
def test_modes(switch, before, profile, lines):
    run = switch("nics")
    if before:
        run(before)
    assert drift(run.host, profile) == ({NIC: lines} if lines else {})


def test_a_virtual_function_that_a_guest_has_may_have_another_driver(switch):
    run = switch("nics")
    run(SET)
    run.host.kernel.hold("0000:31:01.0")
    line = "virtual functions with driver vfio-pci instead of iavf: 3 of 4"
    assert drift(run.host, {**VFS, "vf_driver": "iavf"}) == {NIC: [line]}


def test_a_whole_card_that_a_guest_has_may_have_another_driver(switch):
    run = switch("nics")
    run({"pf": NIC, "mode": "pf"})
    native = {**WHOLE, "driver": "native"}
    assert drift(run.host, native) == {NIC: ["mode pf instead of the host's own driver"]}
    run.host.kernel.hold(NIC)
    assert drift(run.host, native) == {}


@pytest.mark.parametrize(
    ("made", "vgpu", "lines"),
    [
        ({}, {}, ["0 of type GRID T4-2B instead of 8"]),
        ({"GRID T4-2B": "5"}, {}, ["5 of type GRID T4-2B instead of 8"]),
        ({"GRID T4-2B": "5"}, {"count": 5}, []),
        ({"GRID T4-2B": "5"}, {"count": 3}, ["5 of type GRID T4-2B instead of 3"]),
        ({"GRID T4-2B": "5"}, {"count": 0}, []),
        (
            {"GRID T4-1B": "2"},
            {"count": 0},
            ["2 of type GRID T4-1B instead of type GRID T4-2B"],
        ),
    ],
)
def test_devices(simulated, made, vgpu, lines):
    host = simulated("t4")
    cards = [parent["name"] for parent in host.facts()["parents"]]
    host.converge(*({"type": kind, "count": count, "parent": card} for kind, count in made.items() for card in cards))
    profile = {**T4, "vgpu": {**T4["vgpu"], **vgpu}}
    assert drift(host, profile) == (dict.fromkeys(cards, lines) if lines else {})
