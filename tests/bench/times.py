# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times that were measured in turns, and their statistics."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

# Seconds of each turn by name.
Times = dict[str, list[float]]


def read(durations: Path) -> Times:
    """Read JSON lists ``[name, seconds]`` from the lines of a file, without the first turn of each name."""
    times: Times = {}
    for line in durations.read_text().splitlines():
        name, seconds = json.loads(line)
        times.setdefault(name, []).append(seconds)
    return {name: seconds[1:] for name, seconds in times.items()}


def note(sentence: str) -> None:
    """Print a progress message on stderr, because stdout contains only the table."""
    print(sentence, file=sys.stderr, flush=True)


def show(times: Times) -> None:
    """Print a line for each name: the median, and the bounds of the middle half."""
    for name, seconds in times.items():
        low, middle, high = quarters(seconds)
        note(f"  {name:50} {middle:8.3f} s   ({low:.3f} to {high:.3f})")


def quarters(values: list[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def ratios(dividend: list[float], divisor: list[float], factor: float = 1.0) -> list[float]:
    """Return the quotient of each turn."""
    return [factor * a / b for a, b in zip(dividend, divisor, strict=True)]


def ratio(dividend: list[float], divisor: list[float]) -> float:
    """Return the median of the quotients."""
    return statistics.median(ratios(dividend, divisor))


def added(*several: list[float]) -> list[float]:
    """Return the sum of each turn."""
    return [sum(turn) for turn in zip(*several, strict=True)]
