# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results of a part of the benchmarks as plain data."""

from __future__ import annotations

import dataclasses
from typing import Any

from . import times


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much to measure: ``rounds`` overrides the default of a part, ``quick`` selects the smallest sizes."""

    rounds: int | None = None
    quick: bool = False

    def turns(self, usual: int) -> int:
        return self.rounds or usual

    def sizes(self, usual: list[int], small: list[int]) -> list[int]:
        return small if self.quick else usual


@dataclasses.dataclass(frozen=True)
class Figure:
    """A line of the table: median of the turns and bounds of their middle half; ``goal`` as in ``<= 1.25``."""

    what: str
    middle: float
    low: float
    high: float
    goal: str = ""

    @property
    def verdict(self) -> str:
        if not self.goal:
            return ""
        relation, bound = self.goal.split()
        met = self.middle <= float(bound) if relation == "<=" else self.middle >= float(bound)
        return "met" if met else "MISSED"

    @property
    def spread(self) -> str:
        return "" if self.low == self.high else f"{self.low:.2f} to {self.high:.2f}"


@dataclasses.dataclass(frozen=True)
class Curve:
    """The growth of a value: the points of each line by name; ``across`` and ``up`` are the labels of the axes."""

    name: str
    title: str
    across: str
    up: str
    lines: dict[str, list[tuple[float, float]]]


@dataclasses.dataclass(frozen=True)
class Findings:
    figures: list[Figure] = dataclasses.field(default_factory=list)
    curves: list[Curve] = dataclasses.field(default_factory=list)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Findings:
        """Convert from JSON."""
        return cls([Figure(**figure) for figure in data["figures"]], [Curve(**curve) for curve in data["curves"]])


def figure(what: str, values: list[float], goal: str = "") -> Figure:
    """Return the line for the results of the turns."""
    low, middle, high = times.quarters(values)
    return Figure(what, middle, low, high, goal)
