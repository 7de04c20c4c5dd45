# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import plain
from ansible_collections.vfio.devices.tests.unit.plugins.mutations import LOOP, nested


def test_types_are_those_of_json():
    class Text(str):
        """A subclass of str, like the texts of Ansible."""

    found = plain({"a": (Text("b"), 1)}, "it")
    assert found == {"a": ["b", 1]}
    assert not isinstance(found["a"][0], Text)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            [{"a": {"b": [0, datetime.date(2026, 1, 1)]}}],
            r"it\[0\].a.b\[1\] is of type date, which cannot be used. Write text in quotes",
        ),
        ({"a": b"x"}, "it.a is of type bytes"),
        ({"a": [{(1, 2): 3}]}, r"it.a\[0\] has a key of type tuple. Write the key in quotes"),
        ([10**5000], r"it\[0\] is a number of more than 40 digits, which is too large"),
        ({10**5000: {"a": 10**5000}}, "it.a number of more than 40 digits.a is a number"),
        ({"a": LOOP}, r"it.a\[0\] contains itself. Remove this anchor"),
        (nested(100000), "it is nested too deep"),
    ],
    ids=["date", "bytes", "key", "huge", "huge key", "loop", "deep"],
)
def test_what_has_no_such_form(value, sentence):
    with pytest.raises(ValueError, match=sentence):
        plain(value, "it")


def test_a_phrase_stays_apart_from_the_path():
    with pytest.raises(ValueError, match=r"\[0\].a in the facts of the host is of type date"):
        plain([{"a": datetime.date(2026, 1, 1)}], "the facts of the host")
