# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.defaults import or_default


@pytest.mark.parametrize(
    ("value", "result"), [(None, "x"), ("", "x"), ("a", "a"), (0, 0), (False, False), ([], []), ({}, {})]
)
def test_null_and_what_a_template_makes_of_it_are_not_given(value, result):
    assert or_default(value, "x") == result


def test_the_default_is_none():
    assert or_default("") is None
