# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._site import stage_names, stages


def test_every_stage_has_a_name_and_work():
    named = {value for name, value in vars(stage_names).items() if name.isupper() and isinstance(value, str)}
    assert {*named, *stage_names.SETTINGS} == set(stages.WORK)
    assert not named & set(stage_names.SETTINGS)
