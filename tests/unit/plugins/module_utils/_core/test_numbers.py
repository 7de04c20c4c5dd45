# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import math

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers

# Values that are no numbers, with their description in a message.
NO_NUMBER = [
    (True, "true"),
    (False, "false"),
    (None, "null"),
    ("", "''"),
    ("soon", "'soon'"),
    ("inf", "'inf'"),
    ("nan", "'nan'"),
    (math.inf, "inf"),
    (-math.inf, "-inf"),
    (math.nan, "nan"),
    (-1, "-1"),
    ("-1", "'-1'"),
    ("+1", "'+1'"),
    ("1e3", "'1e3'"),
    ("0x10", "'0x10'"),
    ("1_000", "'1_000'"),
    ("\uff18", "'\uff18'"),
    ("\u0663", "'\u0663'"),
    ("\u00b2", "'\u00b2'"),
    (" 5", "' 5'"),
    ("5\n", "'5\\n'"),
    (10**30, str(10**30)),
    pytest.param(10**5000, "a number of more than 40 digits", id="huge"),
    pytest.param(-(10**5000), "a number of more than 40 digits", id="-huge"),
    ("9" * 5000, f"'{'9' * 40}'..."),
    ([5], "a list"),
    ({"seconds": 5}, "a dictionary"),
    (b"5", "an object"),
]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(0.1, 0.1), (1, 1.0), (30.0, 30.0), (86400, 86400.0), ("0.1", 0.1), ("30", 30.0), ("007.50", 7.5)],
)
def test_duration(value, seconds):
    found = numbers.duration(value, "timeout")
    assert (found, type(found)) == (seconds, float)


@pytest.mark.parametrize(
    ("value", "said"),
    [*NO_NUMBER, (0, "0"), (0.0999, "0.0999"), (86400.1, "86400.1"), (1e30, "1e+30"), ("86401", "'86401'")],
)
def test_no_duration(value, said):
    with pytest.raises(ValueError) as refused:
        numbers.duration(value, "timeout")
    assert str(refused.value) == f"timeout must be a number of seconds from 0.1 to 86400, and not {said}"


@pytest.mark.parametrize(("value", "number"), [(1, 1), (65535, 65535), ("1", 1), ("0012", 12), ("65535", 65535)])
def test_count(value, number):
    found = numbers.count(value, "num_vfs", 1, 65535)
    assert (found, type(found)) == (number, int)


@pytest.mark.parametrize(
    ("value", "said"), [*NO_NUMBER, (0, "0"), (65536, "65536"), (1.5, "1.5"), (8.0, "8.0"), (1e3, "1000.0")]
)
def test_no_count(value, said):
    with pytest.raises(ValueError) as refused:
        numbers.count(value, "num_vfs", 1, 65535)
    assert str(refused.value) == f"num_vfs must be a whole number from 1 to 65535, and not {said}"


def test_what_a_count_may_be_instead():
    with pytest.raises(ValueError, match="count must be a whole number from 0 to 9, or max, and not 'most'"):
        numbers.count("most", "count", 0, 9, "max")
