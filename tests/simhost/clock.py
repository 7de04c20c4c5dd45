# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time by which a simulated host runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Seconds since some point."""

    def now(self) -> float:
        """The time in seconds."""

    def alarm(self, moment: float, action: Callable[[], None]) -> None:
        """Call ``action`` when it is time."""


class ModelClock:
    """A clock that stands still until someone waits; who moves it also lets the model go on."""

    def __init__(self) -> None:
        self._now = 1000.0

    def now(self) -> float:
        """The time in seconds."""
        return self._now

    def alarm(self, moment: float, action: Callable[[], None]) -> None:
        """Nothing to do: see advance_to."""

    def advance_to(self, moment: float) -> None:
        """Move on; never backwards."""
        self._now = max(self._now, moment)


class RealClock:
    """Real time, for hosts behind a mount."""

    def now(self) -> float:
        """The time in seconds since the epoch."""
        return time.time()

    def alarm(self, moment: float, action: Callable[[], None]) -> None:
        """Call ``action`` when it is time, in a thread of its own."""
        timer = threading.Timer(max(0.0, moment - self.now()), action)
        timer.daemon = True
        timer.start()
