# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import inventory as inventories
from ansible_collections.vfio.devices.tests.unit.placement_fake import inventory
from hypothesis import given
from hypothesis import strategies as st


def problems(**fields):
    found = []
    assert inventories.parse_inventory(fields, found) is None
    assert found
    return found


@pytest.mark.parametrize(
    ("fields", "parsed"),
    [
        ({"total": 4}, inventory(4)),
        ({"total": "4", "reserved": " 1 "}, inventory(4, reserved=1)),
        ({"total": 4.0, "allocation_ratio": "1.5"}, inventory(4, allocation_ratio=1.5)),
        ({"total": 4, "reserved": 4, "max_unit": None}, inventory(4, reserved=4)),
        ({"total": inventories.HIGHEST, "step_size": 2}, inventory(inventories.HIGHEST, step_size=2)),
    ],
)
def test_taken(fields, parsed):
    found = []
    assert inventories.parse_inventory(fields, found) == parsed
    assert found == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "its total is missing"),
        ({"total": 0}, "total must not be 0, because Placement has no empty inventories. Remove the resource class"),
        ({"total": -1}, "total must be from 1 to 2147483647 and not -1"),
        ({"total": 2**31}, "total must be from 1 to 2147483647 and not 2147483648"),
        ({"total": True}, "total must be a whole number and not true"),
        ({"total": 1.5}, "total must be a whole number and not 1.5"),
        ({"total": "many"}, "total must be a whole number and not 'many'"),
        ({"total": 4, "reserved": 5}, "reserved 5 is more than total 4"),
        ({"total": 4, "min_unit": 3, "max_unit": 2}, "min_unit 3 is more than max_unit 2"),
        ({"total": 4, "max_unit": 5}, "max_unit 5 is more than total 4"),
        ({"total": 4, "min_unit": 5}, "min_unit 5 is more than max_unit 4"),
        ({"total": 4, "step_size": 0}, "step_size must be from 1 to 2147483647 and not 0"),
        ({"total": 4, "allocation_ratio": 0}, "allocation_ratio must be a number above 0 and not 0"),
        ({"total": 4, "allocation_ratio": "nan"}, "allocation_ratio must be a number above 0 and not 'nan'"),
        ({"total": 4, "allocation_ratio": float("inf")}, "allocation_ratio must be a number above 0 and not inf"),
        ({"total": 4, "allocation_ratio": True}, "allocation_ratio must be a number above 0 and not true"),
        (
            {"total": 4, "totl": 4},
            "'totl' is not a field of an inventory. The fields are total, reserved, min_unit, max_unit, step_size, "
            "allocation_ratio",
        ),
    ],
)
def test_refused(fields, sentence):
    assert problems(**fields) == [sentence]


def test_all_at_once():
    assert len(problems(total=0, min_unit="x", allocation_ratio=-1, other=1)) == 4


garbage = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@given(fields=st.dictionaries(st.one_of(st.sampled_from(inventories.FIELDS), st.text(), st.integers()), garbage))
def test_garbage_is_told_and_what_is_taken_is_sound(fields):
    found = []
    parsed = inventories.parse_inventory(fields, found)
    assert (parsed is None) == bool(found)
    if parsed:
        assert tuple(parsed) == inventories.FIELDS
        assert 1 <= parsed["min_unit"] <= parsed["max_unit"] <= parsed["total"] <= inventories.HIGHEST
        assert 0 <= parsed["reserved"] <= parsed["total"]
        assert parsed["allocation_ratio"] > 0
        assert inventories.is_same({"A": parsed}, {"A": dict(parsed)})


def test_a_database_may_keep_a_ratio_with_few_digits():
    near = inventory(4, allocation_ratio=1.100000023841858)
    assert inventories.is_same({"A": near}, {"A": inventory(4, allocation_ratio=1.1)})


def test_different():
    assert not inventories.is_same({"A": inventory(4)}, {"B": inventory(4)})
    assert not inventories.is_same({"A": inventory(4)}, {"A": inventory(4, reserved=1)})
    assert not inventories.is_same({"A": inventory(4)}, {"A": inventory(4, allocation_ratio=1.2)})


def test_capacities():
    assert inventories.capacities(inventory(4, reserved=1, allocation_ratio=2.0)) == (8, 6)
    assert inventories.capacities(None) == (0, 0)
    assert inventories.capacities(inventories.drained(inventory(4))) == (4, 0)
