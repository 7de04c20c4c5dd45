# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.text import MOST, decimal, printable


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("16", 16), ("0016", 16), (str(MOST), MOST)])
def test_numbers(text, number):
    assert decimal(text) == number


@pytest.mark.parametrize(
    "text", [None, "", " 1", "1 ", "1\n", "16x", "-1", "+1", "1_0", "٣", "²", "1e3", "0x1", str(MOST + 1), "9" * 5000]
)
def test_what_is_not_a_number_of_devices(text):
    assert decimal(text) is None


def test_a_range():
    assert [decimal(text, -1, 1) for text in ("-2", "-1", "1", "2")] == [None, -1, 1, None]


@pytest.mark.parametrize("text", ["", "GRID T4-2B", "Schnürsenkel 日本\u00a0", "a\n\tb\0c"])
def test_text_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\r", "\u2028", "\u202e", "\u2066"])
def test_what_moves_a_terminal_is_replaced(character):
    assert printable(f"a{character}b", kept="") == "a\ufffdb"


def test_lines_are_kept_only_where_they_are_wanted():
    assert printable("a\nb\tc", kept="") == "a\ufffdb\ufffdc"


def test_line_ends_of_other_systems():
    assert printable("a\r\nb\rc") == "a\nb\ufffdc"
