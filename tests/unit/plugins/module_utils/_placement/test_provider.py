# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import provider as one
from ansible_collections.vfio.devices.tests.unit.placement_fake import MARKER, OPTIONS, ROOT, inventory, provider

A = "00000000-0000-0000-0000-0000000000a0"
NODE = {
    "item": 0,
    "uuid": A,
    "name": "node_a",
    "parent": ROOT,
    "parent_name": "node",
    "root": ROOT,
    "depth": 1,
    "ours": True,
    "inventories": {"CUSTOM_VF": inventory(2)},
    "traits": None,
    "drain": False,
    "cards": None,
    "provider": None,
    "root_name": "node",
}


def again(found, **fields):
    problems = []
    return one.plan_again({**NODE, **fields}, found, OPTIONS, problems), problems


def test_planned_again_for_what_is_there_by_now():
    step, problems = again(None)
    assert (step["action"], problems) == ("create", [])
    step, problems = again(provider(A, "node_a", generation=7, inventories={"CUSTOM_VF": inventory(1)}))
    assert (step["action"], step["generation"], step["traits"], problems) == ("update", 7, None, [])
    assert again(provider(A, "node_a", inventories=NODE["inventories"])) == (None, [])


def test_planned_again_for_a_provider_that_is_another_one():
    assert "renamed or moved" in again(provider(A, "other"))[1][0]
    assert "renamed or moved" in again(provider(A, "node_a", "b"))[1][0]
    assert "belongs to nova" in again(provider(A, "node_a", traits=["OWNER_NOVA"]))[1][0]


def test_what_others_removed_is_not_made_again():
    step, problems = again(None, ours=False, inventories=None, traits=["CUSTOM_A"])
    assert step is None
    assert "it was removed by another client during the run, which still manages it" in problems[0]


def test_one_that_was_only_made_is_ours():
    step, problems = again(provider(A, "node_a", generation=0, traits=[]))
    assert (step["traits"], problems) == ([MARKER], [])


@pytest.mark.parametrize(
    ("has", "shrinks"),
    [(inventory(1), False), (inventory(2), False), (inventory(3), True), (inventory(2, allocation_ratio=2.0), True)],
)
def test_shrinks(has, shrinks):
    assert one.shrinks(NODE, provider(A, "node_a", inventories={"CUSTOM_VF": has})) is shrinks


def test_others_cannot_shrink_since_they_are_refused():
    assert not one.shrinks({**NODE, "ours": False}, provider(A, "a", inventories={"X": inventory(1)}))


def test_whose():
    assert one.owner_of("nova") == "belongs to nova"
    assert MARKER in one.owner_of(None)
