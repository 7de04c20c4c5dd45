# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Format the results as text: their origin, and all ratios in one table."""

from __future__ import annotations

from typing import Any

from .findings import Findings
from .machine import is_busy

HEADER = ("what", "median", "middle half", "goal", "")


def origin(results: dict[str, Any]) -> list[str]:
    """Return a sentence each for date, machine, versions and load."""
    machine, load = results["machine"], results["load"]
    said = [
        f"Measured on {results['date']}.",
        f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}.",
        f"Python {machine['python']}, ansible-core {machine['ansible_core']}, vfio.devices {machine['collection']}.",
        f"Load {load['start']:.1f} at the start and {load['end']:.1f} at the end.",
    ]
    if is_busy(load["start"], machine["cores"]):
        said.append("The machine was busy with other work.")
    if results["quick"]:
        said.append("This was a quick run: its numbers say nothing of speeds.")
    return said


def rows(found: Findings) -> list[tuple[str, str, str, str, str]]:
    """Return a row for each figure below HEADER."""
    return [(one.what, f"{one.middle:.2f}", one.spread, one.goal, one.verdict) for one in found.figures]


def text(results: dict[str, Any]) -> str:
    """Return all parts in one table."""
    lines: list[tuple[str, ...]] = [HEADER]
    for part, data in results["parts"].items():
        lines += [(part,), *(("  " + row[0], *row[1:]) for row in rows(Findings.read(data)))]
    widths = [max(len(line[column]) for line in lines if len(line) > 1) for column in range(len(HEADER))]
    table = []
    for what, *cells in lines:
        middle = [cells[0].rjust(widths[1])] if cells else []
        rest = [cell.ljust(width) for cell, width in zip(cells[1:], widths[2:], strict=False)]
        table.append("  ".join([what.ljust(widths[0]), *middle, *rest]).rstrip())
    return "\n".join([*table, "", *origin(results)]) + "\n"
