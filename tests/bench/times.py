# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured in turns, and what it means."""

from __future__ import annotations

import json
import statistics
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


def show(times: Times) -> None:
    """One line for each name: the median, and between which values the middle half of the turns is."""
    for name, seconds in times.items():
        low, middle, high = statistics.quantiles(seconds, n=4)
        print(f"  {name:50} {middle:8.3f} s   ({low:.3f} to {high:.3f})")


def compare(what: str, dividend: list[float], divisor: list[float], goal: str = "", factor: float = 1.0) -> None:
    """One line for a ratio, taken turn by turn; ``goal`` is for example ``<= 1.25``."""
    low, middle, high = statistics.quantiles([factor * a / b for a, b in zip(dividend, divisor, strict=True)], n=4)
    verdict = ""
    if goal:
        relation, bound = goal.split()
        met = middle <= float(bound) if relation == "<=" else middle >= float(bound)
        verdict = f"   goal {goal}: {'met' if met else 'MISSED'}"
    print(f"  {what:50} {middle:8.2f}     ({low:.2f} to {high:.2f}){verdict}")


def added(*several: list[float]) -> list[float]:
    """Turn by turn the sum."""
    return [sum(turn) for turn in zip(*several, strict=True)]
