# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Trying again, a little later each time and never in step with others."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

FIRST = 0.1
LONGEST = 5.0


def attempts(tries: int) -> Iterator[int]:
    """Count from 1 to ``tries``, with a pause of random length before each but the first."""
    for attempt in range(1, tries + 1):
        if attempt > 1:
            pause(attempt - 1)
        yield attempt


def pause(failures: int) -> None:
    """Wait after so many failures in a row."""
    time.sleep(random.uniform(0, min(LONGEST, FIRST * 2 ** min(failures, 10))))
