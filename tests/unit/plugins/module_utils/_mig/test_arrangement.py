# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.mig import GpuInstance, Profile
from ansible_collections.vfio.devices.plugins.module_utils._mig.arrangement import (
    arrange,
    keep_and_place,
    largest_part,
)
from hypothesis import given
from hypothesis import strategies as st

ONE = Profile("1g.18gb", 19, 7, 16384, (0, 1, 2, 3, 4, 5, 6), 1)
WIDE = Profile("1g.35gb", 15, 4, 33280, (0, 2, 4, 6), 2)
TWO = Profile("2g.35gb", 14, 3, 33280, (0, 2, 4), 2)
THREE = Profile("3g.71gb", 9, 2, 71424, (0, 4), 4)
FOUR = Profile("4g.71gb", 5, 1, 71424, (0,), 4)
SEVEN = Profile("7g.141gb", 0, 1, 143360, (0,), 8)
ALL = (ONE, WIDE, TWO, THREE, FOUR, SEVEN)


@pytest.mark.parametrize(
    ("wanted", "starts"),
    [
        ([], []),
        ([ONE] * 7, [0, 1, 2, 3, 4, 5, 6]),
        ([ONE] * 8, None),
        ([THREE, FOUR], [0, 4]),
        ([THREE, ONE, ONE, ONE], [0, 4, 5, 6]),
        ([THREE, ONE, ONE, ONE, ONE], [0, 1, 2, 3, 4]),
        ([TWO, TWO, TWO, ONE], [0, 2, 4, 6]),
        ([WIDE] * 4, [0, 2, 4, 6]),
        ([TWO, TWO, TWO, WIDE], [0, 2, 4, 6]),
        ([SEVEN, ONE], None),
        ([ONE] * 64, None),
    ],
)
def test_what_fits(wanted, starts):
    placed = arrange(wanted)
    assert (None if placed is None else sorted(start for _profile, start in placed)) == starts


def all_ways(wanted):
    """Return whether there is a place for each profile, by trying all combinations."""
    for starts in itertools.product(*(profile.starts for profile in wanted)):
        slices = [slot for profile, start in zip(wanted, starts) for slot in range(start, start + profile.size)]
        if len(slices) == len(set(slices)):
            return True
    return False


@given(st.lists(st.sampled_from(ALL), max_size=4))
def test_is_as_trying_all_ways(wanted):
    placed = arrange(wanted)
    assert (placed is not None) == all_ways(wanted)
    slices = [slot for profile, start in placed or () for slot in range(start, start + profile.size)]
    assert len(slices) == len(set(slices))
    assert all(start in profile.starts for profile, start in placed or ())


@given(st.lists(st.sampled_from(ALL), max_size=5), st.lists(st.sampled_from(ALL), max_size=5))
def test_as_much_stays_as_can(before, wanted):
    placed = arrange(before) or []
    instances = [GpuInstance(n, one.name, one.id, start, one.size) for n, (one, start) in enumerate(placed)]
    found = keep_and_place(instances, wanted)
    assert (found is None) == (arrange(wanted) is None)
    if found:
        stay, new = found
        names = [one.profile for one in stay] + [one.name for one, _start in new]
        assert sorted(names) == sorted(one.name for one in wanted)
        assert set(stay) <= set(instances)
        if sorted(one.profile for one in instances) == sorted(one.name for one in wanted):
            assert not new


def test_part_of_a_layout_that_does_not_fit():
    assert largest_part([THREE, THREE, THREE, ONE]) == {"3g.71gb": 2}
    assert largest_part([ONE, SEVEN, TWO]) == {"1g.18gb": 1, "2g.35gb": 1}
