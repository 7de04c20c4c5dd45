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
    assert _expression.compiled(text)(CARD) is answer


def test_reasons_are_one_line():
    with pytest.raises(ValueError, match="^[^\n]+$"):
        _expression.compiled("vendor_id = 'x'")
    with pytest.raises(ValueError, match="^[^\n]*starts_with[^\n]*$"):
        _expression.compiled("starts_with(framework, 'm')")(CARD)
