# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Who uses what, while it is changed: work on many devices takes long, and guests start meanwhile."""

from __future__ import annotations

from typing import Callable, Generic, TypeVar

from .._host.root import HostRoot

Seen = TypeVar("Seen")

# Seconds for which a look is believed. One takes some hundredths of a second.
FRESH = 5.0


class Watch(Generic[Seen]):
    """Looks again if the last look was some time ago."""

    def __init__(self, host: HostRoot, look: Callable[[], Seen]) -> None:
        """The plan was made of the look before, which was now."""
        self._host = host
        self._look = look
        self._looked = host.now()
        self._seen: Seen | None = None

    def now(self) -> Seen | None:
        """What is to be seen, or None as long as that is what the plan was made of."""
        if self._host.now() - self._looked >= FRESH:
            self._seen = self._look()
            self._looked = self._host.now()
        return self._seen
