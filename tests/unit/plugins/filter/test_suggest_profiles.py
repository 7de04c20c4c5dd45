# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.filter.suggest_profiles import FilterModule
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import suggest


def test_it_calls_the_function_of_its_name(monkeypatch):
    monkeypatch.setattr(suggest, "suggest_profiles", lambda *arguments, **options: (arguments, options))
    assert FilterModule().filters()["suggest_profiles"]("facts", used=True) == (("facts",), {"used": True})
