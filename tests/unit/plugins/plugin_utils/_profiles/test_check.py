# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import (
    DICTIONARY_OR_DICTIONARIES,
    NUMBER_OR_MAX,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import check

INNER = {"size": {"type": "int", "least": 1, "required": True}, "color": {"type": "str", "choices": ["red", "blue"]}}
OPTIONS = {
    "title": {"type": "str", "required": True},
    "box": {"type": "dict", "sample": "{size: 3}", "options": INNER},
    "boxes": {"type": "raw", "kind": DICTIONARY_OR_DICTIONARIES, "options": INNER},
}

KEYS = "The keys are title, box, boxes"


@pytest.mark.parametrize(
    ("values", "prefix", "sentences"),
    [
        ({"title": "a", "box": {}}, "", {}),
        ({"title": 1}, "", {"title": "title must be text, and not 1. Write the value in quotes"}),
        ({"title": 1}, "shop.", {"title": "shop.title must be text, and not 1. Write the value in quotes"}),
        ({"titel": 1}, "", {"titel": "titel is not a key. Did you mean title? The keys are title, box, boxes"}),
        ({"titel": 1}, "shop.", {"titel": f"shop.titel is not a key. Did you mean shop.title? {KEYS}"}),
        ({"x": 1}, "", {"x": f"x is not a key. {KEYS}"}),
        ({3: 1}, "", {3: f"3 is not a key. {KEYS}"}),
        (
            {"color": "red"},
            "",
            {"color": "the key color belongs to box. Indent color below box, or write box: {color: ...}"},
        ),
        ({"box": 3}, "", {"box": "box must be a dictionary such as {size: 3}, and not 3"}),
        (
            {"boxes": []},
            "",
            {"boxes": "boxes is an empty list. Write a dictionary or a list of dictionaries, or remove boxes"},
        ),
        ({"title": ["x" * 90]}, "", {"title": f"title must be text, and not ['{'x' * 58}..."}),
    ],
)
def test_what_is_unknown_or_of_another_kind(values, prefix, sentences):
    assert check.wrong(values, OPTIONS, prefix) == sentences


@pytest.mark.parametrize(
    ("option", "value", "end"),
    [
        ({"type": "int"}, "100", "a number, and not '100'. Write vlan: 100 without quotes"),
        ({"type": "int", "least": 5}, "100", ", and not '100'. Write vlan: 100 without quotes"),
        ({"type": "int", "least": 5}, "3", ", and not '3'"),
        ({"type": "bool"}, "yes", "true or false, and not 'yes'. Write vlan: true without quotes"),
        ({"type": "bool"}, "False", "true or false, and not 'False'. Write vlan: false without quotes"),
        ({"type": "bool"}, "100", "true or false, and not '100'"),
        ({"type": "str", "kind": NUMBER_OR_MAX, "most": 8}, 2.5, "a whole number from 0 to 8, or max, and not 2.5"),
        ({"type": "str", "kind": NUMBER_OR_MAX, "most": 8}, 9, "a whole number from 0 to 8, or max, and not 9"),
    ],
)
def test_a_number_or_word_in_quotes(option, value, end):
    assert check.wrong({"vlan": value}, {"vlan": option}, "vfs[0].")["vlan"].endswith(end)


def test_values_below_a_key():
    assert check.wrong({"size": 0, "color": "green"}, INNER, "box.") == {
        "size": "box.size must be a whole number from 1 to 65536, and not 0",
        "color": "box.color must be red or blue, and not 'green'",
    }


@pytest.mark.parametrize(
    ("values", "wrong", "sentences"),
    [
        ({"title": "a"}, [], []),
        ({}, [], ["title is missing"]),
        ({"title": ""}, [], ["title is missing"]),
        ({"title": []}, [], ["title is missing"]),
        ({"title": None}, ["title"], []),
        ({"title": 0}, [], []),
    ],
)
def test_required_keys(values, wrong, sentences):
    assert check.missing(values, wrong, OPTIONS, "") == sentences
    assert check.missing({}, [], {"title": {**OPTIONS["title"], "sample": "a"}}, "") == [
        "title is missing. Write title, such as a"
    ]
    assert check.missing({}, [], OPTIONS, "shop[0]") == ["shop[0] has no title"]


def test_one_dictionary_or_a_list_of_them():
    assert check.parts(None, "vgpu") == []
    assert check.parts({"a": 1}, "vgpu") == [("vgpu", {"a": 1})]
    assert check.parts([{"a": 1}, {}], "vgpu") == [("vgpu[0]", {"a": 1}), ("vgpu[1]", {})]


def test_a_value_that_python_cannot_show():
    value = []
    for _depth in range(100000):
        value = [value]
    assert check.shown(value) == "a list"


def test_keys_that_have_their_meaning_elsewhere():
    assert check.wrong({"name": 1}, OPTIONS, "shop.", {"name": "Set title"}) == {
        "name": "shop.name is not a key. Set title"
    }


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ({"type": "str", "choices": ["nova", "none"]}, None, "key is empty. Write key: nova or key: none"),
        ({"type": "str"}, None, "key is empty. Write text, or remove key"),
        ({"type": "str", "required": True}, None, "key is empty. Write text"),
        ({"type": "str", "choices": ["a", "b", "c"]}, "d", "key must be a, b or c, and not 'd'"),
        ({"type": "str", "choices": ["a", "b"]}, True, "key must be a or b, and not true"),
        ({"type": "str"}, 5, "key must be text, and not 5. Write the value in quotes"),
        (
            {"type": "str"},
            False,
            "key must be text, and not false. Write the value in quotes, because YAML reads yes, on and true as true, "
            "and no, off and false as false",
        ),
        (
            {"type": "list", "elements": "str"},
            ["a", 1.5],
            "key must be a list of texts, and not ['a', 1.5]. Write the value in quotes",
        ),
        ({"type": "dict"}, True, "key must be a dictionary, and not true"),
    ],
)
def test_what_yaml_makes_of_a_value_without_quotes(option, value, sentence):
    assert check.wrong({"key": value}, {"key": option}) == {"key": sentence}
