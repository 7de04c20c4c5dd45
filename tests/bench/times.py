# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured in turns, and what it means."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

# Seconds of each turn by the name of what was timed.
Times = dict[str, list[float]]


def read(durations: Path) -> Times:
    """The turns in a file of JSON lists ``[name, seconds]``, one a line, without the first turn of each name."""
    times: Times = {}
    for line in durations.read_text().splitlines():
        name, seconds = json.loads(line)
        times.setdefault(name, []).append(seconds)
    return {name: seconds[1:] for name, seconds in times.items()}


def note(sentence: str) -> None:
    """Say on the way what is measured; the table comes last, and alone on the standard output."""
    print(sentence, file=sys.stderr, flush=True)


def show(times: Times) -> None:
    """One line for each name: the median, and between which values the middle half of the turns is."""
    for name, seconds in times.items():
        low, middle, high = quarters(seconds)
        note(f"  {name:50} {middle:8.3f} s   ({low:.3f} to {high:.3f})")


def quarters(values: list[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper one."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def ratios(dividend: list[float], divisor: list[float], factor: float = 1.0) -> list[float]:
    """Turn by turn the quotient."""
    return [factor * a / b for a, b in zip(dividend, divisor, strict=True)]


def ratio(dividend: list[float], divisor: list[float]) -> float:
    """The median of the quotients."""
    return statistics.median(ratios(dividend, divisor))


def added(*several: list[float]) -> list[float]:
    """Turn by turn the sum."""
    return [sum(turn) for turn in zip(*several, strict=True)]
