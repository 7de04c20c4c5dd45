# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._run.rules import Budget, plan_with_users


class Clock:
    seconds = 0.0

    def now(self):
        return self.seconds


@pytest.mark.parametrize(
    ("seconds", "moment", "has_worked", "has_failed", "is_spent"),
    [
        (None, 1000, True, False, False),
        (10, 9.9, True, False, False),
        (10, 10, True, False, True),
        (0, 0, True, False, True),
        (0, 0, False, False, False),
        (0, 0, True, True, False),
    ],
)
def test_a_budget_ends_a_run_that_has_worked_without_a_failure(seconds, moment, has_worked, has_failed, is_spent):
    clock = Clock()
    budget = Budget(clock, seconds)
    clock.seconds = moment
    assert budget.is_spent(has_worked, has_failed) is is_spent


def planned(plan, ends_uses):
    """Return the plan, and whether the users were read."""
    looks = []

    def add_users(state):
        looks.append(state)
        return f"{state} with users"

    return plan_with_users(plan, "host", lambda found: ends_uses, add_users), bool(looks)


def test_users_are_not_read_for_a_plan_that_ends_no_use():
    assert planned(lambda state: f"plan of {state}", ends_uses=False) == ("plan of host", False)


def test_a_plan_that_may_end_a_use_is_made_again_with_the_users():
    assert planned(lambda state: f"plan of {state}", ends_uses=True) == ("plan of host with users", True)


def test_a_rejected_plan_is_made_again_because_users_are_part_of_the_reasons():
    def plan(state):
        raise Refused([f"{state} is rejected"])

    with pytest.raises(Refused, match="host with users is rejected"):
        planned(plan, ends_uses=False)
