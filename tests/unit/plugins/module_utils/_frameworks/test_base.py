# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.base import Framework
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import BY_NAME, FRAMEWORKS

each = pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.NAME)


def test_names_are_unique():
    assert len(BY_NAME) == len(FRAMEWORKS)


@each
def test_it_says_and_does_all_that_is_asked_of_a_framework(framework):
    assert [name for name in Framework.__annotations__ if not hasattr(framework, name)] == []
    for name, function in inspect.getmembers(Framework, inspect.isfunction):
        if not name.startswith("_"):
            wanted = list(inspect.signature(function).parameters)[1:]
            assert list(inspect.signature(getattr(framework, name)).parameters) == wanted, name
