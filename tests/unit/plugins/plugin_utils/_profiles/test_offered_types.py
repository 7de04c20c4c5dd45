# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of ``plan`` and of the filter ``resolve`` cover the rest."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import offered_types, selection

PARENT = "0000:3b:00.0"
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"


@pytest.fixture
def t4(simulated):
    host = simulated("t4")
    ids = {one["name"]: one["id"] for one in host.facts()["parents"][0]["types"]}
    return host, ids["GRID T4-1B"], ids["GRID T4-2B"]


def of_parent(host, type_id, *gather):
    facts = host.facts("physical_functions", "parents", "devices", *gather)
    (parent,) = offered_types.of_parents(selection.subjects(facts)[PARENT], type_id)
    return parent


def test_an_unused_device_of_another_type_makes_room(t4):
    host, old, new = t4
    host.create(PARENT, old, UUID)
    assert of_parent(host, new, "users") == {
        **{"name": PARENT, "numa_node": 0, "type": new},
        **{"existing": 0, "total": 8},
    }
    assert of_parent(host, new)["now"] == {"type": old, "existing": 1, "total": 16}


def test_a_used_device_of_another_type_stays(t4):
    host, old, new = t4
    host.create(PARENT, old, UUID)
    host.kernel.hold(UUID)
    parent = of_parent(host, new, "users")
    assert (parent["type"], parent["existing"], parent["total"]) == (old, 1, 16)
    assert offered_types.held_type([parent], new) == old
    assert offered_types.held_type([parent], old) is None
    assert offered_types.held_type([parent, {**parent, "type": new}], new) is None
    assert offered_types.held_type([{**parent, "total": 0}], new) is None
