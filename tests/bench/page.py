# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the results as a page of the documentation with images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import chart, table
from .findings import Curve, Findings

GUIDES = Path(__file__).resolve().parents[2] / "docs/docsite/rst"
TITLES = {
    "facts": "Facts",
    "instances": "Mediated devices",
    "mixtures": "Several vGPU types on a card",
    "modes": "Modes of SR-IOV cards",
    "placement": "Placement",
    "site": "The playbook site",
}
HEAD = """\
..
  SPDX-License-Identifier: GPL-3.0-or-later

.. _ansible_collections.vfio.devices.docsite.benchmarks:

Benchmarks
==========

``make bench`` compares speeds on the current machine, with simulated hosts and a real Placement. It prints ratios
against the same work without this collection, and against a minimal Ansible task. The runs alternate, so a busy machine
slows both down.

How to repeat
-------------

.. code-block:: bash

   make bench                        # all parts, one table, and .build/bench/results.json
   tests/bench/run instances facts   # only these parts
   tests/bench/run --quick           # the smallest sizes, as a quick check
   tests/bench/run --publish         # write this page and its pictures from the last results

Run it on an idle machine. It warns if more than half of the processors are busy at the start.
"""
RESULTS = """
Results
-------

{origin}

The middle half of the turns lies between the two values of the third column. A line without them was measured once.
"""


def restructured(results: dict[str, Any]) -> str:
    """Return the whole page."""
    sections = [HEAD, RESULTS.format(origin="\n".join(table.origin(results)))]
    for part, data in results["parts"].items():
        found = Findings.read(data)
        sections += [_heading(TITLES[part]), _table(found), *(_picture(curve) for curve in found.curves)]
    return "\n".join(sections)


def publish(results: dict[str, Any], guides: Path) -> None:
    """Write the page and its images. Raises ValueError for results of a quick run."""
    if results["quick"]:
        raise ValueError("these results are of a quick run, which says nothing of speeds: run make bench first")
    (guides / "benchmarks.rst").write_text(restructured(results), encoding="utf-8")
    for data in results["parts"].values():
        for curve in Findings.read(data).curves:
            (guides / _file(curve)).write_text(chart.svg(curve), encoding="utf-8")


def _heading(title: str) -> str:
    return f"{title}\n{'~' * len(title)}\n"


def _table(found: Findings) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for what, median, spread, goal, verdict in [table.HEADER, *table.rows(found)]:
        lines.append(f"   * - {what}")
        lines += [f"     - {cell}".rstrip() for cell in (median, spread, f"{goal} {verdict}".strip())]
    return "\n".join(lines) + "\n"


def _file(curve: Curve) -> str:
    return f"images/benchmark_{curve.name}.svg"


def _picture(curve: Curve) -> str:
    return f".. figure:: {_file(curve)}\n   :alt: {curve.title}: {curve.up}, by {curve.across}\n"
