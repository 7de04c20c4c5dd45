# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._model import uses


def test_effects_are_all_in_every_effect():
    assert {uses.DRIVER, uses.GONE, uses.PORT, uses.SETTINGS, uses.SWITCH} == uses.EVERY_EFFECT
    assert uses.LOSES_DRIVER < uses.EVERY_EFFECT
