# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the results as a page of the documentation with images."""

from __future__ import annotations

import itertools
import re
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
   tests/bench/run site --hosts 100 --hosts 1000   # the playbooks on larger fleets too
   tests/bench/run --quick           # the smallest sizes, as a quick check
   tests/bench/run --publish         # write this page and its pictures from the last results

Run it on an idle machine. It warns if more than half of the processors are busy at the start.
"""
RESULTS = """
Results
-------

The middle half of the turns lies between the two values of the third column. A line without them was measured once.
"""
# The underlined title of a section.
HEADING = re.compile(r"^(.+)\n~+$", re.MULTILINE)


def restructured(results: dict[str, Any], published: str = "") -> str:
    """Return the whole page. Parts without new results keep their sections of the ``published`` page."""
    sections = _sections(published)
    origin = "\n".join(table.origin(results)) + "\n"
    for part, data in results["parts"].items():
        found = Findings.read(data)
        blocks = [_heading(TITLES[part]), _table(found), origin, *(_picture(curve) for curve in found.curves)]
        sections[TITLES[part]] = "\n".join(blocks)
    return "\n".join([HEAD, RESULTS, *(sections[title] for title in TITLES.values() if title in sections)])


def _sections(page: str) -> dict[str, str]:
    """Return the sections of a page by title."""
    starts = [*HEADING.finditer(page), None]
    return {
        start[1]: page[start.start() : end.start() if end else len(page)].rstrip() + "\n"
        for start, end in itertools.pairwise(starts)
        if start
    }


def publish(results: dict[str, Any], guides: Path) -> None:
    """Write the page and its images. Raises ValueError for results of a quick run."""
    if results["quick"]:
        raise ValueError("these results are of a quick run, which says nothing of speeds: run make bench first")
    page = guides / "benchmarks.rst"
    published = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(restructured(results, published), encoding="utf-8")
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
