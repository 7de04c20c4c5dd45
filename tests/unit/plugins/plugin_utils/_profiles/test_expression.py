# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import jmespath
import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression as profiles_expression
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression_errors

CARD = {"vendor_id": "10de", "numa_node": 0, "types": [], "framework": None, "flag": False}
KNOWN = {**dict.fromkeys(CARD), "vendor_id": "text", "numa_node": "number"}


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
    assert profiles_expression.compiled(text, {**KNOWN, "nothing": None})(CARD) is answer


def test_reasons_are_one_line():
    with pytest.raises(ValueError, match="^[^\n]+$"):
        profiles_expression.compiled("vendor_id = 'x'", KNOWN)
    with pytest.raises(ValueError, match="^[^\n]*starts_with[^\n]*$"):
        profiles_expression.compiled("starts_with(framework, 'm')", KNOWN)(CARD)


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
    with pytest.raises(ValueError, match="^product is not a field of a card"):
        profiles_expression.compiled(text, KNOWN)


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
    assert profiles_expression.compiled(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("numa_node >= 1", "Write a number in backquotes"),
        ("product_id == 1eb8", "an id in single quotes"),
        ("vendor_id = '10de'", "Compare two values with =="),
        ("0000:3b:00.0", r'Write names of cards as a list, such as \["0000:3b:00.0"\]'),
        ("0000:3b:00.0, 0000:af:00.0", r"^Unexpected 0 at character 1$"),
        ("vendor_id == '10de' && total_vfs >= 64", "^Unexpected 64 at character 37. Write a number in backquotes"),
        ("(vendor_id == '14e4'", r"^The expression is incomplete. Add \)$"),
        ("types[?contains(name, '(['", r"^The expression is incomplete. Add \)\]$"),
        ("vendor_id ==", "^The expression is incomplete. Write a value or a field after the last operator$"),
        ("vendor_id == '10de", "^The quote ' at character 14 is not closed. Add ' after the value$"),
        ("vendor_id == '10de')", r"^Unexpected \) at character 20. Remove \), or add the opening bracket$"),
        ("vendor_id == '10de' and numa_node", "^Unexpected and at character 21. Write && for and$"),
        ("vendor_id == '10de' & numa_node", "^Unexpected & at character 21. Write && for and$"),
        ("vendor_id == '10de' or numa_node", r"^Unexpected or at character 21. Write \|\| for or$"),
        ("not numa_node", "^Unexpected numa_node at character 5. Write ! for not$"),
        ("vendor_id in ['10de']", r"^Unexpected in at character 11. Write contains\(\["),
        ("", "^The expression is incomplete"),
        ('vendor_id == "10de"', "^10de is not a field of a card. Write a value in single quotes, such as '10de'$"),
        ("numa_node == null", "^null is not a field of a card. Write null in backquotes: `null`$"),
        ("framework == true", "^true is not a field of a card. Write true in backquotes: `true`$"),
        ("autoprobe == 'true'", "^autoprobe is true or false, which are written in backquotes, such as `true`$"),
        ("device_id == '1eb8'", "^device_id is not a field of a card. Write product_id$"),
        ("model == 'T4'", "^model is not a field of a card. Select by vendor_id and product_id, which"),
        ("types[?nam == 'x']", "^nam is not a field of types. Did you mean name[?]"),
        ("starts_wth(vendor_id, '10')", r"^starts_wth\(\) is not a function. Did you mean starts_with\(\)[?]"),
        ("vendor_id == \u201810de\u2019", "at character 14. Write a value in straight single quotes, such as '10de'$"),
        ("vendor_id == \u201c10de\u201d", "at character 14. Write a value in straight single quotes, such as '10de'$"),
        ("vendor_id == '8086' || vendor_id == abcd", "^abcd is not a field of a card. Write a value in single quotes"),
        (
            "vendr_id == '10de'",
            "^vendr_id is not a field of a card. Did you mean vendor_id[?] The fields are vendor_id,",
        ),
    ],
)
def test_hints(text, hint):
    with pytest.raises(ValueError, match=hint):
        profiles_expression.compiled(text, {**KNOWN, "product_id": "text", "autoprobe": "boolean"})


def test_the_functions_are_those_of_jmespath():
    assert sorted(expression_errors.FUNCTIONS) == sorted(jmespath.functions.Functions.FUNCTION_TABLE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vendor_id == `8086`", "vendor_id is a text, which is written in single quotes, such as '8086'"),
        ("`8086` != vendor_id", "vendor_id is a text, which is written in single quotes, such as '8086'"),
        (
            "types && numa_node >= '0'",
            "numa_node is a number, which is written in backquotes, such as `64`, and not '0'",
        ),
    ],
)
def test_a_literal_of_another_kind(text, reason):
    with pytest.raises(ValueError) as refusal:
        profiles_expression.compiled(text, KNOWN)
    assert str(refusal.value) == reason


@pytest.mark.parametrize("text", ["numa_node == `null`", "vendor_id == framework", "types[?name == `1`]"])
def test_other_comparisons(text):
    assert profiles_expression.compiled(text, KNOWN)(CARD) is False


def test_what_cannot_be_compared():
    with pytest.raises(ValueError, match="not supported between"):
        profiles_expression.compiled("numa_node < vendor_id", KNOWN)(CARD)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "numa_node" + ")" * 1000,
        "!" * 1000 + "numa_node",
        " && ".join(["numa_node"] * 200),
        "[?" * 500 + "numa_node" + "]" * 500,
        "[" * 5000,
        "numa_node | " * 500 + "@",
    ],
)
def test_what_is_nested_too_deep(text):
    with pytest.raises(
        ValueError, match="The expression is nested deeper than 100 levels. Select the cards by a list of names"
    ):
        profiles_expression.compiled(text, KNOWN)


def test_what_is_too_long():
    with pytest.raises(ValueError, match="The expression has 10001 characters, more than 10000"):
        profiles_expression.compiled("a" * 10001, KNOWN)


def test_values_that_a_field_never_has():
    known = {"mode": ("pf", "vf")}
    with pytest.raises(ValueError, match="mode is pf or vf, and never 'PF'"):
        profiles_expression.compiled("mode != 'PF'", known)
    assert profiles_expression.compiled("mode == 'pf' || mode == `null`", known)({"mode": None})


@pytest.mark.parametrize("step", ["[@, @]", "[@, @][]", "{a: @, b: @}", "join('', [@, @])", "[@, {a: [@, @]}]"])
def test_no_card_is_copied_without_end(step):
    with pytest.raises(ValueError, match="Its lists would hold more than 1000 copies of the card"):
        profiles_expression.compiled(" | ".join([step] * 40), KNOWN)
    assert profiles_expression.compiled(" | ".join([step] * 3), KNOWN)


def test_a_long_choice_copies_nothing():
    names = [f"vendor_id == '{number:04}'" for number in range(90)]
    assert profiles_expression.compiled(" || ".join(names), KNOWN)
    assert profiles_expression.compiled(f"contains([{', '.join(['framework'] * 500)}], framework)", KNOWN)


@pytest.mark.parametrize("text", ["'1eb8'", "`5`", '`"x"`', "`[]`", "'a' || 'b'", "abs(`-1`)"])
def test_an_expression_without_a_field_is_refused(text):
    with pytest.raises(ValueError, match="names no field of a card, so it would select every card or none. Compare a"):
        profiles_expression.compiled(text, {"product_id": "text"})


@pytest.mark.parametrize(("text", "selected"), [("`true`", True), ("`false`", False), ("@", True), ("keys(@)", True)])
def test_every_card_can_be_selected(text, selected):
    assert profiles_expression.compiled(text, {"product_id": "text"})({"product_id": "1eb8"}) is selected
