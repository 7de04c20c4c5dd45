# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Decide when a plan needs the users of the host, and when a run starts no further work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._core.problems import Refused
from .._host.root import HostRoot

State = TypeVar("State")
Plan = TypeVar("Plan")


def plan_with_users(
    plan: Callable[[State], Plan], state: State, ends_uses: Callable[[Plan], bool], add_users: Callable[[State], State]
) -> Plan:
    """Plan, and plan again with the users of the host if the first plan may end a use or was rejected.

    Reading the users takes longer than reading everything else, and most runs change nothing.
    """
    try:
        planned = plan(state)
        if not ends_uses(planned):
            return planned
    except Refused:
        pass
    return plan(add_users(state))


class Budget:
    """The time after which a run starts no further work, so that it can report its progress and is called again."""

    def __init__(self, host: HostRoot, seconds: float | None) -> None:
        self._now = host.now
        self._end = None if seconds is None else host.now() + seconds

    def is_spent(self, has_worked: bool, has_failed: bool) -> bool:
        """Return whether the next run should continue.

        Each run does some work, so that the work ends. After a failure the budget is ignored, so that the next run does
        not have to retry anything.
        """
        return self._end is not None and has_worked and not has_failed and self._now() >= self._end
