# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a part of the benchmarks finds out, as plain data."""

from __future__ import annotations

import dataclasses
from typing import Any

from . import times


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much to measure: ``rounds`` in place of what a part takes by itself, ``quick`` for the smallest sizes.

    ``hosts`` are further numbers of hosts for the playbook site.
    """

    rounds: int | None = None
    quick: bool = False
    hosts: tuple[int, ...] = ()

    def turns(self, usual: int) -> int:
        return self.rounds or usual

    def sizes(self, usual: list[int], small: list[int]) -> list[int]:
        return small if self.quick else usual


@dataclasses.dataclass(frozen=True)
class Figure:
    """A line of the table: the median of the turns and the bounds of their middle half; ``goal`` as ``<= 1.25``."""

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
    """How something grows: the points of each line by its name; ``across`` and ``up`` say what the axes count."""

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
        """From JSON."""
        return cls([Figure(**figure) for figure in data["figures"]], [Curve(**curve) for curve in data["curves"]])


def figure(what: str, values: list[float], goal: str = "") -> Figure:
    """The line for what the turns gave."""
    low, middle, high = times.quarters(values)
    return Figure(what, middle, low, high, goal)
