# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import value_types


@pytest.mark.parametrize(
    ("option", "good", "bad"),
    [
        ({"type": "str"}, ["", "a"], [None, 1, [], {}]),
        ({"type": "bool"}, [True, False], [None, 0, 1, "true"]),
        ({"type": "int"}, [0, 5], [None, True, -1, 1.5, "5"]),
        ({"type": "int", "least": 1}, [1, value_types.MOST], [0, value_types.MOST + 1, True, "1", None]),
        ({"type": "dict"}, [{}, {"a": 1}], [None, [], "a"]),
        ({"type": "list", "elements": "str"}, [[], ["a"]], ["a", [1], None]),
        ({"type": "list", "elements": "dict"}, [[], [{}]], [{}, ["a"], None]),
        ({"type": "str", "choices": ["a", "b"]}, ["a", "b"], ["c", None, [], {}]),
        ({"type": "str", "kind": value_types.A_NAME}, ["a b", "x" * 255], ["", " a", "a\n", "a/b", "x" * 256, 1, None]),
        ({"type": "str", "kind": value_types.NUMBER_OR_MAX}, ["max", 0, "3"], ["most", -1, 1.5, True, None, []]),
        ({"type": "raw", "kind": value_types.TEXT_OR_TEXTS}, ["", "a", ["a"]], [[], [1], {}, None]),
        ({"type": "raw", "kind": value_types.DICTIONARY_OR_DICTIONARIES}, [{}, [{}, {"a": 1}]], [[], ["a"], "a", None]),
    ],
)
def test_values_of_each_kind(option, good, bad):
    assert [value for value in good if not value_types.fits(value, option)] == []
    assert [value for value in bad if value_types.fits(value, option)] == []


def test_every_kind_has_words_and_a_rule():
    assert set(value_types.BY_TYPE.values()) <= set(value_types.KINDS)
    assert value_types.of({"type": "int", "least": 1}) == "a whole number from 1 to 65536"
