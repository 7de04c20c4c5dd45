# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import observe as observing
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    MARKER,
    OPTIONS,
    ROOT,
    FakePlacement,
    inventory,
    parse,
    provider,
    root,
)

A, B = (f"00000000-0000-0000-0000-0000000000a{number}" for number in range(2))


@pytest.fixture
def pool():
    with ThreadPoolExecutor(3) as pool:
        yield pool


def observe(placement, pool, *entries, **options):
    options = {**OPTIONS, **options}
    return observing.observe_providers(placement, pool, parse(*entries, **options), options)


def counts(placement):
    said = [one[0] for one in placement.said]
    return {verb: said.count(verb) for verb in said}


def entry(name="node_a", **fields):
    return {"name": name, "parent": "node", "inventories": {"VGPU": {"total": 2}}, "traits": [], **fields}


def test_each_thing_once(pool):
    placement = FakePlacement(root(), provider(A, "node_a"), provider(B, "node_b"))
    found = observe(placement, pool, {"name": "node"}, entry(), entry("node_b"))
    assert counts(placement) == {"find": 1, "tree": 1, "inventories": 2, "traits": 2}
    assert found["providers"][A]["traits"] == [MARKER]
    assert found["providers"][ROOT]["traits"] is None


def test_a_parent_by_uuid_needs_no_look_up_by_name(pool):
    placement = FakePlacement(root(), provider(A, "node_a"))
    observe(placement, pool, entry(parent=ROOT))
    assert counts(placement) == {"tree": 1, "inventories": 1, "traits": 1}


def test_a_tree_that_several_name_is_read_once(pool):
    placement = FakePlacement(root(), provider(A, "node_a"), provider(B, "node_b"))
    observe(placement, pool, {"name": "node_a"}, {"name": "node_b"}, {"name": "node"})
    assert counts(placement) == {"find": 3, "tree": 1}


def test_usages_only_of_what_shrinks(pool):
    placement = FakePlacement(root(), provider(A, "node_a", inventories={"VGPU": inventory(4)}, usages={"VGPU": 3}))
    found = observe(placement, pool, entry())
    assert counts(placement)["usages"] == 1
    assert found["providers"][A]["usages"] == {"VGPU": 3}


def test_what_vanishes_is_not_there(pool):
    placement = FakePlacement(root(), provider(A, "node_a"))
    placement.before = {"traits": [lambda: placement.data.pop(A)]}
    assert set(observe(placement, pool, entry())["providers"]) == {ROOT}


def test_the_older_generation_counts():
    placement = FakePlacement(root(), provider(A, "node_a", generation=5))
    placement.before = {"traits": [lambda: placement.data[A].update(generation=6)]}
    with ThreadPoolExecutor(1) as one_by_one:
        assert observe(placement, one_by_one, entry())["providers"][A]["generation"] == 5


def test_purge_asks_once_for_each_tree(pool):
    placement = FakePlacement(root(), provider(A, "node_a"), provider(B, "node_b", traits=[]))
    found = observe(placement, pool, purge=True, scope=["node"])
    assert found["marked"] == {A}
    assert counts(placement) == {"find": 1, "tree": 1, "marked": 1, "inventories": 1, "traits": 1, "usages": 1}


def test_the_roots_are_listed_only_if_one_is_missing(pool):
    placement = FakePlacement(root(), provider(A, "node_a"))
    assert observe(placement, pool, entry())["roots"] == []
    assert "roots" not in counts(placement)
    assert observe(placement, pool, {"name": "nod"})["roots"] == ["node"]
