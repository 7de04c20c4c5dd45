# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import jmespath
import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression_errors


def described(text):
    with pytest.raises(jmespath.exceptions.JMESPathError) as error:
        jmespath.compile(text)
    return expression_errors.described(text, error.value)


@pytest.mark.parametrize("text", ["a == '(' && (b", "a == `[1]` && (b", 'a == "(" && (b'])
def test_brackets_in_quotes_are_not_open(text):
    assert described(text) == "The expression is incomplete. Add )"


@pytest.mark.parametrize("text", ["a == \n1\n", "a\t===\tb", "a == \x07", "x" * 500 + " y"])
def test_a_sentence_is_one_line_without_the_expression(text):
    sentence = described(text)
    assert sentence.isprintable() and len(sentence) < 200


def test_errors_for_one_card():
    with pytest.raises(jmespath.exceptions.JMESPathError) as error:
        jmespath.search("starts_with(a, 'x')", {"a": None})
    assert expression_errors.evaluated(error.value) == (
        "starts_with() needs string, but the value is null. Check the field first, for example "
        "driver && starts_with(driver, 'nv')"
    )
    assert expression_errors.evaluated(TypeError("a\nb")) == "a b"
