# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement import trees
from ansible_collections.vfio.devices.tests.unit.placement_fake import FakePlacement, inventory, provider

A, B = (f"00000000-0000-0000-0000-0000000000a{number}" for number in range(2))


def counts(placement):
    said = [one[0] for one in placement.said]
    return {verb: said.count(verb) for verb in said}


def test_one_is_read_until_both_halves_are_of_the_same_moment():
    placement = FakePlacement(provider(A, "node_a", generation=5))
    placement.before = {"traits": [lambda: placement.data[A].update(generation=6, inventories={"VGPU": inventory(1)})]}
    found = trees.read_one(placement, {"uuid": A})
    assert (found["generation"], found["inventories"]) == (6, {"VGPU": inventory(1)})
    assert counts(placement) == {"inventories": 2, "traits": 1}
    assert trees.read_one(placement, {"uuid": B}) is None


def test_one_that_changes_all_the_time_is_read_a_few_times():
    placement = FakePlacement(provider(A, "node_a"))
    original = placement._verb

    def changing(verb, *details):
        placement.data[A]["generation"] += 1
        original(verb, *details)

    placement._verb = changing
    assert trees.read_one(placement, {"uuid": A})
    assert sum(counts(placement).values()) == trees.READS + 2
