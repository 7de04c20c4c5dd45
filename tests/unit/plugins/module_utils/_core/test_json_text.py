# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import json_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, null, true, "b"]}', {"a": [1, None, True, "b"]}),
        (r'"\u00e4\ud83d\ude00"', "\u00e4\U0001f600"),
        (r'{"a\ud800": ["\u001b[31m", {"b": "\u0000"}]}', {"a\ufffd": ["\ufffd[31m", {"b": "\ufffd"}]}),
        (r'"a\u000ab\tc\u202e"', "a\nb\tc\ufffd"),
    ],
)
def test_escapes_stand_for_printable_text(text, value):
    assert json_text.load(text) == value


@pytest.mark.parametrize("text", ["", "{", "[" * 100000, "\ufeff{}", "9" * 5000])
def test_other_text(text):
    with pytest.raises(ValueError, match=".+"):
        json_text.load(text)
