# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("root must be text"), "tree: root must be text"),
        (KeyError("cards"), "tree needs a plan: it has no cards"),
        (TypeError("'int' object is not iterable"), "tree needs a plan: it has another format"),
        (AttributeError("items"), "tree needs a plan: it has another format"),
        (AnsibleFilterError("said already"), "said already"),
    ],
)
def test_errors_are_told_in_the_words_of_the_filter(error, sentence):
    with pytest.raises(AnsibleFilterError) as caught, errors_of_filter("tree", "tree needs a plan"):
        raise error
    assert caught.value.message == sentence


def test_all_problems_are_one_error_and_none_is_no_error():
    refuse("not possible:", [])
    with pytest.raises(AnsibleFilterError) as caught:
        refuse("not possible:", ["this", "that"])
    assert caught.value.message.splitlines() == ["not possible:", "this", "that"]


def test_of_thousands_of_problems_the_first_are_shown():
    with pytest.raises(AnsibleFilterError) as caught:
        refuse("not possible:", [f"problem {number}" for number in range(5000)])
    lines = caught.value.message.splitlines()
    assert lines[1:3] == ["problem 0", "problem 1"]
    assert lines[-1] == "4900 more problems"
    assert len(lines) == 102
