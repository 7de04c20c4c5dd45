# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Limit the time of one module call, and wait with growing random delays between attempts.

The retries of keystoneauth1 have no deadline and ignore Retry-After.
"""

from __future__ import annotations

import math
import random
import time

from .errors import PlacementError

FIRST = 0.1
LONGEST = 5.0


class Clock:
    """The time until ``seconds`` from now, after which no request is sent."""

    def __init__(self, seconds: float = math.inf) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the remaining seconds; raise PlacementError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise PlacementError(
                f"the timeout of {self.seconds:g} seconds is over. Run the play again to continue, or increase timeout"
            )
        return left

    def pause(self, failures: int, asked: float = 0.0) -> bool:
        """Wait after a number of consecutive failures, at least ``asked`` seconds; return False if there is no time."""
        seconds = max(asked, random.uniform(0, min(LONGEST, FIRST * 2 ** min(failures, 10))))
        if seconds >= self._end - time.monotonic():
            return False
        time.sleep(seconds)
        return True
