# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Cloud
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import CLOUDS

each = pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.OWNER)


@each
def test_it_says_all_that_is_asked_of_a_cloud(cloud):
    assert [name for name in Cloud.__annotations__ if not hasattr(cloud, name)] == []


@each
def test_it_can_do_all_that_is_asked_of_a_cloud(cloud):
    for name, function in inspect.getmembers(Cloud, inspect.isfunction):
        if not name.startswith("_"):
            wanted = list(inspect.signature(function).parameters)[1:]
            assert list(inspect.signature(getattr(cloud, name)).parameters) == wanted, name
