# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.bench import table

from .results import results

TEXT = """\
what     median  middle half     goal
facts
  a / b    1.20  1.15 to 1.33    <= 1.25  met
  a / c   59.00  58.00 to 61.00  >= 60    MISSED
  runs     5.00
instances
  a / b    1.20  1.15 to 1.33    <= 1.25  met

Measured on 2026-11-29.
Model X, 2 cores, Linux 6.1.
Python 3.13.0, ansible-core 2.20.0, vfio.devices abc1234.
Load 0.2 at the start and 1.5 at the end.
"""


def test_one_table_has_all_parts_and_where_they_are_from() -> None:
    assert table.text(results()) == TEXT


@pytest.mark.parametrize(
    ("quick", "load", "ends"),
    [
        (False, 1.0, "end."),
        (False, 1.1, "The machine was busy with other work."),
        (True, 0.0, "This was a quick run: its numbers say nothing of speeds."),
    ],
)
def test_what_takes_the_worth_from_numbers_is_said(quick: bool, load: float, ends: str) -> None:
    assert table.origin(results(quick=quick, load=load))[-1].endswith(ends)
