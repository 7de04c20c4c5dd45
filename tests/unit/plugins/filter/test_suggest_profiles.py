# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.filter.suggest_profiles import FilterModule
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import suggest


def test_it_is_the_function_of_its_name():
    assert FilterModule().filters() == {"suggest_profiles": suggest.suggest_profiles}
