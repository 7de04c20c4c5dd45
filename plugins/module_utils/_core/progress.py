# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Pass the progress of a module to its action plugin in a file; both run on the controller."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Callable

# Arguments: name of the counted things, number done, total number.
Reporter = Callable[[str, int, int], None]

# An action plugin sets these environment variables for its module: the seconds after which the module starts no further
# work, and the path of the progress file.
BUDGET = "VFIO_DEVICES_BUDGET"
PATH = "VFIO_DEVICES_PROGRESS"
# In seconds: the shortest time between two writes of the file.
INTERVAL = 0.5


def budget() -> float | None:
    """Return the seconds after which to stop, or None."""
    try:
        return float(os.environ[BUDGET])
    except (KeyError, ValueError):
        return None


def from_environment() -> Reporter:
    """Return a function that writes to the file of the action plugin, or ignores the progress if there is none."""
    path = os.environ.get(PATH)
    return to_file(path) if path else silent


def silent(things: str, done: int, number: int) -> None:
    """Ignore the progress, because none is requested."""


def to_file(path: str) -> Reporter:
    """Return a function that keeps ``[things, done, number]`` in a file as JSON; failed writes are ignored."""
    last_write = 0.0

    def report(things: str, done: int, number: int) -> None:
        nonlocal last_write
        now = time.monotonic()
        if now - last_write >= INTERVAL:
            last_write = now
            with contextlib.suppress(OSError):
                with open(f"{path}.new", "w", encoding="utf-8") as file:
                    json.dump([things, done, number], file)
                os.replace(f"{path}.new", path)

    return report


def read(path: str) -> tuple[str, int, int] | None:
    """Return the last report, or None."""
    try:
        with open(path, encoding="utf-8") as file:
            things, done, number = json.load(file)
    except OSError:
        return None
    return things, done, number
