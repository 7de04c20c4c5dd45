# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.plain import plain
from ansible_collections.vfio.devices.tests.unit.plugins.mutations import nested


def test_types_are_those_of_json():
    class Text(str):
        """A subclass of str, like the texts of Ansible."""

    found = plain({"a": (Text("b"), 1)}, "it")
    assert found == {"a": ["b", 1]}
    assert not isinstance(found["a"][0], Text)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([datetime.date(2026, 1, 1)], "it must be made of texts, numbers, lists and dictionaries: Object of type date"),
        ({(1, 2): 3}, "it must be made of texts, numbers, lists and dictionaries: keys must be"),
        ([10**5000], "it must be made of texts, numbers, lists and dictionaries: Exceeds"),
        (nested(100000), "it is nested too deep"),
    ],
    ids=["date", "key", "huge", "deep"],
)
def test_what_has_no_such_form(value, sentence):
    with pytest.raises(ValueError, match=sentence):
        plain(value, "it")
