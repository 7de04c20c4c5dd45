# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks of simulated hosts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Returns seconds since an arbitrary point."""

    def now(self) -> float:
        """Return the time in seconds."""

    def alarm(self, moment: float, action: Callable[[], None]) -> None:
        """Call ``action`` at ``moment``."""


class ModelClock:
    """A clock that advances only when a caller waits, and then also advances the model."""

    def __init__(self) -> None:
        self._now = 1000.0

    def now(self) -> float:
        """Return the time in seconds."""
        return self._now

    def alarm(self, moment: float, action: Callable[[], None]) -> None:
        """Do nothing: see advance_to."""

    def advance_to(self, moment: float) -> None:
        """Advance the clock; never move it backwards."""
        self._now = max(self._now, moment)


class RealClock:
    """Real time, for hosts behind a mount."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def alarm(self, moment: float, action: Callable[[], None]) -> None:
        """Call ``action`` at ``moment`` in its own thread."""
        timer = threading.Timer(max(0.0, moment - self.now()), action)
        timer.daemon = True
        timer.start()
