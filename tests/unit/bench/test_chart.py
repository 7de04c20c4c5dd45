# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from ansible_collections.vfio.devices.tests.bench import chart
from ansible_collections.vfio.devices.tests.bench.findings import Curve


@pytest.mark.parametrize(
    ("greatest", "ticks"),
    [
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (3, [0, 1, 2, 3]),
        (0.09, [0, 0.02, 0.04, 0.06, 0.08, 0.1]),
        (12, [0, 2.5, 5, 7.5, 10, 12.5]),
        (256, [0, 100, 200, 300]),
        (1000, [0, 200, 400, 600, 800, 1000]),
    ],
)
def test_axes_have_round_steps(greatest: float, ticks: list[float]) -> None:
    assert chart.ticks(greatest) == ticks


@pytest.mark.parametrize(
    ("lines", "paths"),
    [
        ({"a": [(0, 0), (5, 10)]}, ["M70.0 300.0L610.0 76.0"]),
        ({"a": [(5, 5)], "b & c": [(5, 10)]}, ["M610.0 188.0", "M610.0 76.0"]),
    ],
)
def test_a_curve_becomes_a_picture_with_named_lines_and_axes(
    lines: dict[str, list[tuple[float, float]]], paths: list[str]
) -> None:
    text = chart.svg(Curve("name", "A <title>", "devices", "times a ping", lines))
    picture = ElementTree.fromstring(text)
    words = [element.text for element in picture.findall("{*}text")]
    assert {"A <title>", "devices", "times a ping", "0", "5", "10", *lines} <= {*words}
    assert re.findall(r'class="line stroke\d" d="([^"]*)"', text) == paths
    # One marker for each point, and one next to each name.
    assert text.count("translate(") == sum(len(line) + 1 for line in lines.values())
    assert "prefers-color-scheme: dark" in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
