# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.choice import Catalog, Choice
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import State
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device, Offer, Parent, VgpuType
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import DeviceWanted

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
MACHINE_ID = "0123456789abcdef0123456789abcdef"


def parent(name, available, card=None, type_id="x"):
    return Parent(name, "mdev", physical_function=card, offers=(Offer(VgpuType(type_id, "X"), available),))


def device(uuid, name, type_id, state="active"):
    return Device(name, "mdev", uuid, type_id=type_id, type_name="X", state=state)


def catalog(parents, devices=(), machine_id=MACHINE_ID, reserved=()):
    return Catalog(State(parents, list(devices), {}, {}, machine_id=machine_id), set(reserved))


def places(spread, parents, number):
    host = catalog(parents)
    choice = Choice(host, spread)
    entry = DeviceWanted(0, "instances[0]", ("x",), parents=tuple(parent.name for parent in parents))
    taken = [choice.next(entry, frozenset()) for turn in range(number)]
    return [place[0] if place else None for place in taken]


@pytest.mark.parametrize(
    ("spread", "expected"),
    [(True, ["b", "a", "b", "a", "b", None]), (False, ["a", "a", "b", "b", "b", None])],
)
def test_most_room_or_least_room_first(spread, expected):
    assert places(spread, [parent("a", 2), parent("b", 3)], 6) == expected


def test_the_name_decides_between_equals():
    assert places(True, [parent("b", 1), parent("a", 1)], 2) == ["a", "b"]


def test_a_physical_function_stands_for_its_virtual_functions():
    host = catalog([parent("vf1", 1, "pf"), parent("vf2", 1, "pf"), parent("other", 1)])
    assert [one.name for one in host.parents_named("pf")] == ["vf1", "vf2"]
    assert [one.name for one in host.parents_named("vf2")] == ["vf2"]
    assert host.parents_named("nowhere") == []
    assert host.card("vf1") == host.card("vf2") == "pf"


def test_types_by_id_and_by_name_in_the_wanted_order():
    host = catalog([parent("a", 1)])
    assert host.type_ids("a", ["nosuch", "X"]) == ["x"]
    assert host.type_name("a", "x") == "X"


def test_derived_uuids_depend_on_machine_parent_type_and_index():
    host = catalog([parent("a", 1), parent("b", 1)])
    other = catalog([parent("a", 1)], machine_id="f" * 32)
    uuids = [host.new_uuid("a", "x"), host.new_uuid("a", "x"), host.new_uuid("b", "x"), host.new_uuid("a", "y")]
    assert len({*uuids, other.new_uuid("a", "x")}) == 5
    assert catalog([parent("a", 1)]).new_uuid("a", "x") == uuids[0]


def test_a_definition_that_waits_is_used_once():
    host = catalog([parent("a", 1)], [device(UUID, "a", "x", "defined")])
    assert host.new_uuid("a", "y") != UUID
    assert host.new_uuid("a", "x") == UUID
    assert host.new_uuid("a", "x") != UUID


def test_reserved_and_existing_uuids_are_not_derived():
    first = catalog([parent("a", 1)]).new_uuid("a", "x")
    second = catalog([parent("a", 1)], reserved=[first]).new_uuid("a", "x")
    assert second != first
    assert catalog([parent("a", 1)], [device(first, "a", "y")]).new_uuid("a", "x") == second


@pytest.mark.parametrize("machine_id", [None, "", "uninitialized", "0" * 31, "g" * 32])
def test_no_uuid_without_a_machine_id(machine_id):
    assert catalog([parent("a", 1)], machine_id=machine_id).new_uuid("a", "x") is None


def test_long_lists_are_cut():
    host = catalog([parent(f"p{number:02}", 1) for number in range(30)])
    assert host.describe_unknown_parent("q").endswith("p18, p19 and 10 more")


def test_a_definition_takes_no_room():
    host = catalog([parent("a", 4)], [device(UUID, "a", "x", "defined")])
    assert host.capacity("a").room("a", "x") == 4
