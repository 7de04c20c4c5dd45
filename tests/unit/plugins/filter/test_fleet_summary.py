# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.filter.fleet_summary import FilterModule
from ansible_collections.vfio.devices.plugins.plugin_utils._site.summary import fleet_summary


def test_the_filter_is_the_function():
    assert FilterModule().filters() == {"fleet_summary": fleet_summary}
