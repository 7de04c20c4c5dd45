# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration, vgpus

BASE = {"name": "a", "select": "`true`", "owner": "none"}


def test_one_entry_is_a_list_of_one():
    found = []
    (entry,) = vgpus.parse({"type": "x"}, "none", found)
    assert found == []
    assert (entry["label"], entry["types"], entry["count"], entry["attributes"]) == ("vgpu", ["x"], "max", [])
    (same,) = vgpus.parse([{"type": "x"}], "none", found)
    assert {**same, "label": "vgpu"} == entry


@pytest.mark.parametrize(
    ("vgpu", "sentences"),
    [
        ([{"type": "x", "count": 1}, {"type": ["y", "z"], "count": 2}, {"type": "v"}], []),
        ([], ["vgpu is an empty list. Write a dictionary or a list of dictionaries"]),
        ([{"count": 1}, {"type": "y", "kind": 1}], ["vgpu[0] has no type", "vgpu[1].kind is not a key"]),
        ([{"type": "x"}, {"type": "y"}], ["vgpu[0] and vgpu[1] have no number"]),
        ([{"type": "x", "count": 0}, {"type": "y", "count": 1}], ["vgpu.count 0 means", "count: 0 of vgpu[0]"]),
        ([{"type": ["x", "y"], "count": 1}, {"type": "y", "count": 1}], ["vgpu[0] and vgpu[1] have the same type y"]),
        ([{"type": "x", "placement": {"class": "A"}}], ["vgpu[0].placement.class is not a key"]),
        ([{"type": "x", "placement": {"traits": ["a"]}}], ["vgpu[0].placement.traits: 'a' is not a trait"]),
        ([{"type": "x", "nova": {"alias": "a"}}], ["vgpu[0].nova requires owner nova"]),
        ({"type": "x", "count": -1}, ["vgpu.count must be a whole number from 0 to 65536, or max"]),
    ],
)
def test_what_is_wrong(vgpu, sentences):
    problems = declaration.parse([{**BASE, "vgpu": vgpu}])[1]
    assert len(problems) == len(sentences), problems
    for sentence in sentences:
        assert any(problem.startswith(f"profile a: {sentence}") for problem in problems), (sentence, problems)


def test_keys_of_an_entry_replace_those_of_the_profile():
    vgpu = [{"type": "x", "placement": {"traits": ["CUSTOM_X"]}, "nova": {"alias": "x"}}, {"type": "y", "count": 1}]
    profile = {**BASE, "owner": "nova", "vgpu": vgpu}
    profile.update(placement={"resource_class": "CUSTOM_A", "traits": ["CUSTOM_B"]}, nova={"alias": "a", "count": 1})
    ((parsed,), problems) = declaration.parse([profile])
    assert problems == []
    first, second = parsed["shares"]
    assert first["placement"] == {"resource_class": "CUSTOM_A", "traits": ["CUSTOM_X"]}
    assert first["nova"] == {"alias": "x", "count": 1}
    assert second["placement"] == {"resource_class": "CUSTOM_A", "traits": ["CUSTOM_B"]}
    assert second["nova"] == {"alias": "a", "count": 1}
