# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import given as _given


@pytest.mark.parametrize(("value", "result"), [(None, None), ("", None), ("a", "a"), (0, 0), (False, False), ([], [])])
def test_null_and_what_a_template_makes_of_it_are_not_given(value, result):
    assert _given.or_none(value) == result


@pytest.mark.parametrize(
    ("value", "default", "result"),
    [
        (None, True, True),
        ("", True, True),
        ("", False, False),
        ("False", True, False),
        ("true", False, True),
        (False, True, False),
        (1, False, True),
    ],
)
def test_true_and_false_may_be_text(value, default, result):
    assert _given.flag(value, default) is result


@pytest.mark.parametrize("value", ["perhaps", [], {}, 2])
def test_anything_else_is_neither_true_nor_false(value):
    with pytest.raises(TypeError):
        _given.flag(value, True)
