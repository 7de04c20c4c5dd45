# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.capacity import Capacity, CardDevices
from ansible_collections.vfio.devices.tests.unit.capacities import offered, parent, rooms


class Six(Capacity):
    """A driver whose rules allow six devices, independent of its counters."""

    def _expected(self, parent, type_id):
        return 6 - len(list(self.all_occupants()))


@pytest.fixture
def six():
    return Six(CardDevices([parent("p", offered("a", 2), offered("b", None))], [("p", "a")], {}))


def test_counters_limit_what_the_rules_allow(six):
    assert rooms(six, "p", "a", "b", "none") == [2, 0, 0]
    six.take("p", "a")
    assert rooms(six, "p", "a") == [1]


def test_counters_do_not_show_what_a_removal_frees(six):
    six.give("p", "a")
    assert rooms(six, "p", "a", "b") == [6, 6]


def test_a_plan_that_begins_afresh_ignores_the_counters(six):
    six.ignore_counters()
    assert rooms(six, "p", "a") == [5]


def test_nothing_is_known_of_sizes(six):
    assert six.framebuffer("a") is None
    assert not six.excludes("a", "b")
