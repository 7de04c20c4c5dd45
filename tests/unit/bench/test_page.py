# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.bench import page

from .results import results

FACTS = """\
Facts
~~~~~

.. list-table::
   :header-rows: 1

   * - what
     - median
     - middle half
     - goal
   * - a / b
     - 1.20
     - 1.15 to 1.33
     - <= 1.25 met
   * - a / c
     - 59.00
     - 58.00 to 61.00
     - >= 60 MISSED
   * - runs
     - 5.00
     -
     -
"""


def test_the_page_in_the_guides_is_what_is_written_here() -> None:
    assert (page.GUIDES / "benchmarks.rst").read_text(encoding="utf-8").startswith(page.HEAD)


def test_results_are_published_with_their_pictures(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    page.publish(results(), tmp_path)
    text = (tmp_path / "benchmarks.rst").read_text(encoding="utf-8")
    assert FACTS in text and "\nMeasured on 2026-11-29.\nModel X, 2 cores, Linux 6.1.\n" in text
    assert "\n.. figure:: images/benchmark_devices.svg\n" in text
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["benchmark_devices.svg"]


def test_parts_that_are_not_measured_again_keep_their_sections(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    first, second = results(), results()
    page.publish(first, tmp_path)
    second["date"], second["parts"] = "2027-01-01", {"facts": first["parts"]["facts"]}
    page.publish(second, tmp_path)
    text = (tmp_path / "benchmarks.rst").read_text(encoding="utf-8")
    facts, devices = text.partition("Mediated devices\n")[::2]
    assert "Measured on 2027-01-01.\n" in facts and "2026" not in facts
    assert "Measured on 2026-11-29.\n" in devices and "images/benchmark_devices.svg" in devices


def test_results_of_a_quick_run_are_not_published(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="quick run"):
        page.publish(results(quick=True), tmp_path)
    assert not [*tmp_path.iterdir()]
