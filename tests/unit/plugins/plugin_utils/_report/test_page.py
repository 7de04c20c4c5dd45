# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``fleet_report`` check that names are not markup; a browser tests the appearance."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._report import fleet
from ansible_collections.vfio.devices.plugins.plugin_utils._report import page as report_page
from ansible_collections.vfio.devices.tests.unit import report_fleet


@pytest.fixture(scope="module")
def pages():
    """Return one page with all content, and one without any."""
    given = report_fleet.fleet(10)
    full = fleet.build(given["facts_by_host"], given["profiles"], [given["placement"]], given["roots"])
    empty = fleet.build({}, {}, [], {})
    return [report_page.render(data, "Title", time) for data, time in ((full, "now"), (empty, None))]


def test_it_asks_for_nothing_from_outside(pages):
    for page in pages:
        assert not re.search(r"(src|href)=(?!\"#)|url\((?!#)|@import|https?:|\bon\w+=|\bstyle=", page)
        assert "default-src 'none'" in page


def test_its_style_and_script_are_those_that_may_run(pages):
    for page in pages:
        for kind in ("style", "script"):
            (content,) = re.findall(f"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
            assert f"{kind}-src 'sha256-{report_page._hash(content)}'" in page


def test_links_lead_to_what_is_there(pages):
    names = re.findall(r'\bid="([^"]+)"', pages[0])
    assert len(names) == len(set(names))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', pages[0])) <= set(names)
    assert set(re.findall(r'(?:for|aria-describedby|aria-labelledby)="([^" ]+)', pages[0])) <= set(names)


def test_a_bar_has_the_widths_of_its_numbers():
    amount = {"used": 1, "reserved": 2, "free": 5, "total": 8}
    assert [report_page._share(amount[key], amount) for key in ("used", "reserved")] == ["12.5%", "25%"]
    over = {"used": 12, "reserved": 0, "free": 0, "total": 8}
    assert report_page._share(12, over) == "100%"
    assert report_page._bar_text({**over, "used": None, "free": None}) == (
        "an unknown number in use, 0 reserved, an unknown number free of 8"
    )


@pytest.mark.parametrize(("number", "width", "height"), [(1, 9, 9), (32, 350, 9), (33, 350, 20), (64, 350, 20)])
def test_a_square_for_each_virtual_function(number, width, height):
    strip = report_page._strip(["used"] + ["free"] * (number - 1))
    assert (strip["width"], strip["height"]) == (width, height)
    # A dash of 9 and a gap of 2 for each square, without a gap after the last one of a line.
    lengths = [int(length) for state, path in strip["paths"] for length in re.findall(r"h(\d+)", path)]
    assert sum((length + 2) // 11 for length in lengths) == number
    assert dict(strip["paths"])["used"] == "M0 4.5h9"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("web1", "web1"), ("é 日本", "é 日本"), ("a\0b", "a\ufffdb"), ("a\u202eb", "a\ufffdb"), ("a\udcffb", "a\ufffdb")],
)
def test_names_are_shown_as_they_are_if_they_can_be(name, shown):
    assert report_page._visible(name) == shown
