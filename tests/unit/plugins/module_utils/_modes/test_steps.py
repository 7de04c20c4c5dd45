# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.binding import exactly
from ansible_collections.vfio.devices.plugins.module_utils._model import steps
from ansible_collections.vfio.devices.plugins.module_utils._model.host import (
    Binding,
    Card,
    Kept,
    Native,
    PciIds,
    Sriov,
    VfSettings,
    VirtualFunction,
)
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import BindVfs, KeepRule, OfferVfs
from ansible_collections.vfio.devices.plugins.module_utils._modes import records
from ansible_collections.vfio.devices.plugins.module_utils._modes.steps import plan_steps
from ansible_collections.vfio.devices.plugins.module_utils._modes.target import present_target, wanted_target

PF = "0000:31:00.0"


IDS = PciIds("8086", "159b", "8086", "0001", "020000")
MATCHES = records.card_matches("8086", "159b", {})


def card(vfs=(), driver="ice", override=None, autoprobe=True, **fields):
    """Return a card on its native driver; ``vfs`` are pairs of override and driver."""
    kept = {name: fields.pop(name) for name in Kept._fields if name in fields}
    virtual = (VirtualFunction(f"0000:31:01.{number}", number, Binding(*vf)) for number, vf in enumerate(vfs))
    return Card(
        address=PF,
        ids=IDS,
        binding=Binding(override, driver),
        mode="host",
        sriov=Sriov(8, autoprobe=autoprobe),
        virtual_functions=tuple(virtual),
        kept=Kept(**kept),
        **{"is_native": True, "netdevs": ("eth0",), **fields},
    )


GIVEN = {"driver": "vfio-pci", "override": "vfio-pci", "is_native": False, "netdevs": ()}
STUB = {"driver": "pci-pf-stub", "override": "pci-pf-stub", "is_native": False, "needs_program": True}
NVIDIA = {"driver": "nvidia", "needs_program": True, "netdevs": ()}
NATIVE, VFIO, BARE = (None, "iavf"), ("vfio-pci", "vfio-pci"), (None, None)
# A run ended while it had autoprobe switched off.
STOPPED = {"autoprobe": False, "autoprobe_off": True}
OFF, ON = "memory autoprobe", "autoprobe memory"
TAGGED = {0: VfSettings(vlan=5)}
SET_UP = f"{OFF} create settings autoprobe offer_vfs memory"

ACTIONS = {
    steps.RemoveVfs: "remove",
    steps.MakeVfs: "create",
    steps.BindCard: "bind",
    BindVfs: "bind_vfs",
    OfferVfs: "offer_vfs",
    steps.SetAutoprobe: "autoprobe",
    steps.SetSwitch: "eswitch",
    steps.SetVfNetwork: "settings",
    steps.Remember: "memory",
    steps.KeepRecord: "record",
    KeepRule: "rule",
}


def actions_of(planned):
    return " ".join(ACTIONS[type(step)] for step in planned)


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
        (card(**{**GIVEN, "remembered": {"driver": "ice"}}), {"mode": "vf", "num_vfs": "0"}, "bind memory"),
        (card(driver=None, is_native=False), {"mode": "vf", "num_vfs": "1"}, "bind create"),
        (card([NATIVE], driver=None, is_native=False), {"mode": "pf"}, "bind remove bind"),
        # Some drivers leave virtual functions behind, and another driver may not serve them.
        (card([NATIVE], driver=None, is_native=False), {"mode": "vf", "num_vfs": "1"}, "bind remove create"),
        (card(override="vfio-pci"), {"mode": "vf", "num_vfs": "0"}, "bind"),
        (card(override="ice"), {"mode": "vf", "num_vfs": "0"}, ""),
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
            card(autoprobe=False),
            {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci", "drivers_autoprobe": True},
            f"memory create bind_vfs {ON}",
        ),
        (
            card(autoprobe=False),
            {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"},
            "create bind_vfs",
        ),
        (card(autoprobe=None), {"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}, "create bind_vfs"),
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
        (card([BARE], autoprobe=False), {"mode": "vf", "vf_driver": "default"}, ""),
        (
            card([BARE], autoprobe=False),
            {"mode": "vf", "vf_driver": "default", "drivers_autoprobe": True},
            "autoprobe bind_vfs",
        ),
        (card([VFIO, VFIO]), {"mode": "vf", "vfs": [{"index": "1", "driver": "none"}]}, "bind_vfs"),
        (card(), {"mode": "vf", "drivers_autoprobe": False}, "autoprobe"),
        (card(), {"mode": "vf", "drivers_autoprobe": True}, ""),
        (card([NATIVE], settings=TAGGED), {"mode": "vf", "vfs": [{"index": "0", "vlan": 5}]}, ""),
        (
            card([NATIVE], settings=TAGGED),
            {"mode": "vf", "vfs": [{"index": "0", "vlan": 6}]},
            "settings",
        ),
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
    assert entry.problems == ()
    target = wanted_target(entry, before, ["ice", "nvidia", "vfio-pci"], persist=False)
    assert actions_of(plan_steps(before, target)) == actions


@pytest.mark.parametrize(
    "before",
    [card(), card([NATIVE, VFIO, (None, None)]), card(**GIVEN), card(driver=None, is_native=False, record={"a": 1})],
)
def test_nothing_leads_to_where_a_card_is(before):
    assert plan_steps(before, present_target(before)) == []


def test_way_back_binds_each_function_as_it_was():
    before = card([NATIVE, VFIO, ("none", None)])
    planned = plan_steps(card(**GIVEN), present_target(before))
    assert actions_of(planned) == f"bind {OFF} create bind_vfs autoprobe offer_vfs memory"
    bound, offered = (step.bindings for step in planned if isinstance(step, (BindVfs, OfferVfs)))
    assert bound == {1: exactly(Binding("vfio-pci", "vfio-pci")), 2: exactly(Binding("none"))}
    assert offered == {0: exactly(Binding(None, "iavf"))}


@pytest.mark.parametrize("present", [(), [BARE]])
def test_way_back_of_a_run_that_continued_another(present):
    before = card(present, **STOPPED)
    assert present_target(before).autoprobe is True
    planned = plan_steps(before, present_target(before))
    assert actions_of(planned) == "autoprobe memory"


RULE_OF_CARD = records.rule(PF, 2, records.card_matches(IDS.vendor_id, IDS.product_id, card().identity))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (card(rule="one of version 1.0.0"), "rule create record rule"),
        (card(rule=records.rule(PF, 4)), "memory create record rule memory"),
        (card(rule=records.rule(PF, 4), changing=True), "create record rule memory"),
        (card(rule=records.rule(PF, 2), changing=True), "create record rule memory"),
        (card(rule=RULE_OF_CARD, changing=True), "create record memory"),
    ],
)
def test_stale_rule_waits_until_the_record_is_new(entries, before, expected):
    (entry,) = entries({"pf": PF, "mode": "vf", "num_vfs": "2"})
    target = wanted_target(entry, before, ["ice"], persist=True)
    assert actions_of(plan_steps(before, target)) == expected
    removed = plan_steps(before, target._replace(rule=None))
    assert [step.rule for step in removed if isinstance(step, KeepRule)] == [None]


def test_files_stay_as_they_are_and_names_as_they_were(entries):
    """The first names of interfaces at boot differ from those that udev assigns later."""
    known = Native("ice", ("ens1f0",), 8)
    before = card(native=known, netdevs=("eth3",), record={"a": 1}, rule="x")
    (entry,) = entries({"pf": PF, "mode": "pf"})
    found = plan_steps(before, wanted_target(entry, before, ["ice"], None))
    assert actions_of(found) == "memory bind"
    assert found[0].remembered == {"driver": "ice", "netdevs": ["ens1f0"], "total_vfs": 8}
