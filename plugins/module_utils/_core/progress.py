# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""How far a module is, in a file for its action plugin: both run on the controller."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Callable

# What is counted, how many are done, and of how many.
Reporter = Callable[[str, int, int], None]

# What an action plugin sets in the environment of its module: the seconds after which it begins nothing else, and the
# file for its progress.
BUDGET = "VFIO_DEVICES_BUDGET"
PATH = "VFIO_DEVICES_PROGRESS"
# Seconds between two writes of the file.
INTERVAL = 0.5


def budget() -> float | None:
    """The seconds after which to stop, or None."""
    try:
        return float(os.environ[BUDGET])
    except (KeyError, ValueError):
        return None


def from_environment() -> Reporter:
    """Into the file that the action plugin reads, or nowhere."""
    path = os.environ.get(PATH)
    return to_file(path) if path else silent


def silent(things: str, done: int, number: int) -> None:
    """No progress is requested."""


def to_file(path: str) -> Reporter:
    """Keep a file with ``[things, done, number]`` as JSON up to date. A failed write is ignored."""
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
    """The last report, or None."""
    try:
        with open(path, encoding="utf-8") as file:
            things, done, number = json.load(file)
    except OSError:
        return None
    return things, done, number
