# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.bench import findings, times


def test_the_first_turn_does_not_count(tmp_path: Path) -> None:
    durations = tmp_path / "durations"
    durations.write_text('["a", 9.0]\n["b", 8.0]\n["a", 1.0]\n["b", 2.0]\n["a", 3.0]\n')
    assert times.read(durations) == {"a": [1.0, 3.0], "b": [2.0]}


@pytest.mark.parametrize(
    ("values", "quarters"),
    [([2.0], (2.0, 2.0, 2.0)), ([3.0, 1.0, 2.0], (1.0, 2.0, 3.0)), ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], (2, 4, 6))],
)
def test_the_middle_half(values: list[float], quarters: tuple[float, float, float]) -> None:
    assert times.quarters(values) == quarters


def test_ratios_are_taken_turn_by_turn() -> None:
    assert times.ratios([2.0, 9.0], [1.0, 3.0], 10) == [20.0, 30.0]
    assert times.ratio([2.0, 9.0, 4.0], [1.0, 3.0, 1.0]) == 3.0
    assert times.added([1.0, 2.0], [10.0, 20.0]) == [11.0, 22.0]


@pytest.mark.parametrize(
    ("middle", "goal", "verdict"),
    [
        (1.25, "<= 1.25", "met"),
        (1.26, "<= 1.25", "MISSED"),
        (60, ">= 60", "met"),
        (59.9, ">= 60", "MISSED"),
        (1, "", ""),
    ],
)
def test_goals(middle: float, goal: str, verdict: str) -> None:
    assert findings.figure("a / b", [middle], goal).verdict == verdict
