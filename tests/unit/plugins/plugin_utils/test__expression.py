# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils import _expression

CARD = {"vendor_id": "10de", "numa_node": 0, "types": [], "framework": None, "flag": False}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("vendor_id == '10de'", True),
        ("vendor_id == '8086'", False),
        ("numa_node", True),
        ("types", False),
        ("framework", False),
        ("flag", False),
        ("nothing.at.all", False),
    ],
)
def test_truth_is_that_of_jmespath(text, answer):
    assert _expression.compiled(text, [*CARD, "nothing"])(CARD) is answer


def test_reasons_are_one_line():
    with pytest.raises(ValueError, match="^[^\n]+$"):
        _expression.compiled("vendor_id = 'x'", CARD)
    with pytest.raises(ValueError, match="^[^\n]*starts_with[^\n]*$"):
        _expression.compiled("starts_with(framework, 'm')", CARD)(CARD)


@pytest.mark.parametrize(
    "text",
    [
        "product == '1eb8'",
        "numa_node == `0` && product",
        "!product",
        "types[?name == 'x'] || product[0].name",
        "contains(product, 'x')",
        "[numa_node, product]",
        "product.x | y",
    ],
)
def test_what_no_card_has_is_refused(text):
    with pytest.raises(ValueError, match="^there is no field product, only vendor_id, numa_node,"):
        _expression.compiled(text, CARD)


@pytest.mark.parametrize(
    "text",
    [
        "types[?name == 'x']",
        "types[*].name",
        "types[].name | [0]",
        "length(types[?contains(name, 'x')]) > `0`",
        "sort_by(types, &name)",
        "@",
        "types[0:2]",
        "{a: vendor_id}.a",
    ],
)
def test_fields_of_what_a_card_has_are_not_looked_at(text):
    assert _expression.compiled(text, CARD)


def test_bare_number():
    with pytest.raises(ValueError, match="a number is written in backquotes"):
        _expression.compiled("numa_node >= 1", CARD)
