# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import binding as _binding
from ansible_collections.vfio.devices.plugins.module_utils._modes import records as _pf_persistence
from ansible_collections.vfio.devices.plugins.module_utils._modes import steps as _pf_steps

PF = "0000:31:00.0"


def card(vfs=(), **fields):
    """A card on its native driver; ``vfs`` are pairs of override and driver."""
    return {
        "address": PF,
        "vendor_id": "8086",
        "product_id": "159b",
        "driver": "ice",
        "driver_override": None,
        "native": True,
        "gpu": False,
        "num_vfs": len(vfs),
        "total_vfs": 8,
        "drivers_autoprobe": True,
        "netdevs": ["eth0"],
        "eswitch": None,
        "settings": None,
        "record": None,
        "memory": None,
        "autoprobe_off": False,
        "changing": False,
        "known": {},
        "identity": {},
        "moved_from": [],
        "rule": None,
        "virtual_functions": [
            {"index": index, "address": f"0000:31:01.{index}", "override": override, "driver": driver}
            for index, (override, driver) in enumerate(vfs)
        ],
        **fields,
    }


GIVEN = {"driver": "vfio-pci", "driver_override": "vfio-pci", "native": False, "netdevs": []}
STUB = {"driver": "pci-pf-stub", "driver_override": "pci-pf-stub", "native": False, "gpu": True}
NVIDIA = {"driver": "nvidia", "gpu": True, "netdevs": []}
NATIVE, VFIO, BARE = (None, "iavf"), ("vfio-pci", "vfio-pci"), (None, None)
# A run ended while it had switched autoprobe off.
STOPPED = {"drivers_autoprobe": False, "autoprobe_off": True}
OFF, ON = "memory autoprobe", "autoprobe memory"
SET_UP = f"{OFF} create settings autoprobe offer_vfs memory"


@pytest.mark.parametrize(
    ("before", "wanted", "actions"),
    [
        (card(), {"mode": "pf"}, "memory bind"),
        (card(), {"mode": "pf", "driver": "native"}, ""),
        (card([NATIVE]), {"mode": "pf", "driver": "native"}, "remove"),
        (card([NATIVE]), {"mode": "pf"}, "memory remove bind"),
        (card(**GIVEN), {"mode": "pf"}, ""),
        (card(**GIVEN), {"mode": "pf", "driver": "native"}, "bind"),
        (card(**GIVEN), {"mode": "vf", "num_vfs": "2"}, "bind create"),
        (card(**GIVEN), {"mode": "vf"}, "bind"),
        (card(**{**GIVEN, "memory": {"driver": "ice"}}), {"mode": "vf", "num_vfs": "0"}, "bind memory"),
        (card(driver=None, native=False), {"mode": "vf", "num_vfs": "1"}, "bind create"),
        (card([NATIVE], driver=None, native=False), {"mode": "pf"}, "bind remove bind"),
        (card(driver_override="vfio-pci"), {"mode": "vf", "num_vfs": "0"}, "bind"),
        (card(driver_override="ice"), {"mode": "vf", "num_vfs": "0"}, ""),
        (card(), {"mode": "vf", "num_vfs": "0"}, ""),
        (card(), {"mode": "vf", "num_vfs": "max"}, "create"),
        (card([NATIVE]), {"mode": "vf", "num_vfs": "1"}, ""),
        (card([NATIVE]), {"mode": "vf", "num_vfs": "2"}, "remove create"),
        (card([NATIVE]), {"mode": "vf", "num_vfs": "0"}, "remove"),
        (card([NATIVE]), {"mode": "vf"}, ""),
        (card([NATIVE]), {"mode": "vf", "vf_driver": "vfio-pci"}, "bind_vfs"),
        (card([VFIO]), {"mode": "vf", "num_vfs": "1"}, ""),
        (card([VFIO]), {"mode": "vf", "vf_driver": "vfio-pci"}, ""),
        (card([VFIO]), {"mode": "vf", "vf_driver": "default"}, "bind_vfs"),
        (card([VFIO]), {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}, f"remove {OFF} create bind_vfs {ON}"),
        (card([VFIO]), {"mode": "vf", "num_vfs": "2", "vf_driver": "default"}, "remove create"),
        (card(), {"mode": "vf", "num_vfs": "2", "vf_driver": "none"}, f"{OFF} create bind_vfs {ON}"),
        (
            card(),
            {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci", "drivers_autoprobe": False},
            "autoprobe create bind_vfs",
        ),
        (
            card(drivers_autoprobe=False),
            {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci", "drivers_autoprobe": True},
            f"memory create bind_vfs {ON}",
        ),
        (
            card(drivers_autoprobe=False),
            {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"},
            "create bind_vfs",
        ),
        (card(drivers_autoprobe=None), {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}, "create bind_vfs"),
        (
            card(),
            {"mode": "vf", "num_vfs": "2", "vfs": [{"index": "1", "driver": "vfio-pci"}]},
            f"{OFF} create bind_vfs autoprobe offer_vfs memory",
        ),
        (card(**STOPPED), {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}, f"create bind_vfs {ON}"),
        (card([BARE], **STOPPED), {"mode": "vf", "num_vfs": "1", "vf_driver": "vfio-pci"}, "autoprobe bind_vfs memory"),
        (card([BARE], **STOPPED), {"mode": "vf"}, "autoprobe bind_vfs memory"),
        (card([BARE], **STOPPED), {"mode": "vf", "drivers_autoprobe": False}, "memory"),
        (card(**STOPPED), {"mode": "pf"}, "memory bind autoprobe memory"),
        (card(autoprobe_off=True), {"mode": "vf"}, "memory"),
        (card([BARE], drivers_autoprobe=False), {"mode": "vf", "vf_driver": "default"}, ""),
        (
            card([BARE], drivers_autoprobe=False),
            {"mode": "vf", "vf_driver": "default", "drivers_autoprobe": True},
            "autoprobe bind_vfs",
        ),
        (card([VFIO, VFIO]), {"mode": "vf", "vfs": [{"index": "1", "driver": "none"}]}, "bind_vfs"),
        (card(), {"mode": "vf", "drivers_autoprobe": False}, "autoprobe"),
        (card(), {"mode": "vf", "drivers_autoprobe": True}, ""),
        (card([NATIVE], settings={0: {"vlan": 5}}), {"mode": "vf", "vfs": [{"index": "0", "vlan": 5}]}, ""),
        (card([NATIVE], settings={0: {"vlan": 5}}), {"mode": "vf", "vfs": [{"index": "0", "vlan": 6}]}, "settings"),
        (card(), {"mode": "vf", "num_vfs": "1", "vfs": [{"index": "0", "vlan": 6}]}, SET_UP),
        (card([NATIVE], eswitch="legacy"), {"mode": "vf", "num_vfs": "1", "eswitch": "legacy"}, ""),
        (
            card([NATIVE], eswitch="legacy"),
            {"mode": "vf", "num_vfs": "1", "eswitch": "switchdev"},
            "remove eswitch create",
        ),
        (card(**NVIDIA), {"mode": "vf", "num_vfs": "max"}, "memory create memory"),
        (card([(None, "nvidia")], **NVIDIA), {"mode": "pf"}, "memory remove bind"),
        (card([(None, "nvidia")], **STUB), {"mode": "vf", "num_vfs": "max"}, "bind remove bind create"),
    ],
)
def test_steps(entries, before, wanted, actions):
    (entry,) = entries({"pf": PF, **wanted})
    assert entry["problems"] == []
    target = _pf_steps.wanted_target(entry, before, ["ice", "nvidia", "vfio-pci"], persist=False)
    assert " ".join(step["action"] for step in _pf_steps.plan_steps(before, target)) == actions


@pytest.mark.parametrize(
    "before",
    [card(), card([NATIVE, VFIO, (None, None)]), card(**GIVEN), card(driver=None, native=False, record={"a": 1})],
)
def test_nothing_leads_to_where_a_card_is(before):
    assert _pf_steps.plan_steps(before, _pf_steps.present_target(before)) == []


def test_way_back_binds_each_function_as_it_was():
    before = card([NATIVE, VFIO, ("none", None)])
    steps = _pf_steps.plan_steps(card(**GIVEN), _pf_steps.present_target(before))
    actions = " ".join(step["action"] for step in steps)
    assert actions == f"bind {OFF} create bind_vfs autoprobe offer_vfs memory"
    bound, offered = (step["bindings"] for step in steps if "bindings" in step)
    assert bound == {1: _binding.exactly("vfio-pci", "vfio-pci"), 2: _binding.exactly("none", None)}
    assert offered == {0: _binding.exactly(None, "iavf")}


@pytest.mark.parametrize("present", [(), [BARE]])
def test_way_back_of_a_run_that_continued_another(present):
    before = card(present, **STOPPED)
    assert _pf_steps.present_target(before)["autoprobe"] is True
    steps = _pf_steps.plan_steps(before, _pf_steps.present_target(before))
    assert [step["action"] for step in steps] == ["autoprobe", "memory"]


def test_recorded_driver_is_taken_where_it_is_loaded(entries):
    (entry,) = entries({"pf": PF, "mode": "vf"})
    before = card(**{**GIVEN, "known": {"driver": "ice", "total_vfs": 4}})
    assert _pf_steps.wanted_target(entry, before, ["ice"], persist=True)["binding"]["driver"] == "ice"
    assert _pf_steps.wanted_target(entry, before, ["igb"], persist=True)["binding"]["driver"] == _binding.CHOICE
    assert _pf_steps.most_vfs(before) == 4


RULE_OF_CARD = _pf_persistence.rule(
    PF, 2, _pf_persistence.card_matches(card()["vendor_id"], card()["product_id"], card()["identity"])
)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (card(rule="one of version 1.0.0"), "rule create record rule"),
        (card(rule=_pf_persistence.rule(PF, 4)), "memory create record rule memory"),
        (card(rule=_pf_persistence.rule(PF, 4), changing=True), "create record rule memory"),
        (card(rule=_pf_persistence.rule(PF, 2), changing=True), "create record rule memory"),
        (card(rule=RULE_OF_CARD, changing=True), "create record memory"),
    ],
)
def test_stale_rule_waits_until_the_record_is_new(entries, before, expected):
    (entry,) = entries({"pf": PF, "mode": "vf", "num_vfs": "2"})
    target = _pf_steps.wanted_target(entry, before, ["ice"], persist=True)
    assert [step["action"] for step in _pf_steps.plan_steps(before, target)] == expected.split()
    removed = _pf_steps.plan_steps(before, {**target, "rule": None})
    texts = [step["text_of_rule"] for step in removed if step["action"] == "rule"]
    assert texts == [None]


def test_files_stay_as_they_are_and_names_as_they_were(entries):
    """The first names of interfaces at boot are not those that udev gives them."""
    known = {"driver": "ice", "netdevs": ["ens1f0"], "total_vfs": 8}
    before = card(known=known, netdevs=["eth3"], record={"a": 1}, rule="x")
    (entry,) = entries({"pf": PF, "mode": "pf"})
    found = _pf_steps.plan_steps(before, _pf_steps.wanted_target(entry, before, ["ice"], None))
    assert [step["action"] for step in found] == ["memory", "bind"]
    assert found[0]["memory"] == known
