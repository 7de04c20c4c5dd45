# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import get_type_hints

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import (
    Layout,
    Placement,
    Profile,
    Scheduler,
    Share,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import schema
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.declaration import parse

PROFILES = [
    {
        **{"name": "p", "select": "vendor_id == '10de'", "owner": "none", "mig": {"1g.18gb": 4}},
        "vgpu": {"type": "GRID T4-2B"},
        "vgpu_scheduler": {"policy": "equal_share"},
    }
]
# The options that are read from ``function`` alone, and the source of ``expression`` and ``names``.
NOT_READ = {"drivers_autoprobe", "reconfigurable", "eswitch", "select"}


def test_a_profile_has_the_fields_that_are_written_down():
    ((profile,), problems) = parse(PROFILES)
    assert problems == []
    of_clouds = {cloud.OWNER for cloud in CLOUDS if cloud.PROFILE_PART}
    assert set(profile) - NOT_READ == set(get_type_hints(Profile)) | of_clouds
    assert set(profile["mig"]) == set(get_type_hints(Layout))
    assert set(profile["vgpu_scheduler"]) == set(get_type_hints(Scheduler)) == set(schema.SCHEDULER)
    assert set(profile["placement"]) == set(get_type_hints(Placement)) == set(schema.PLACEMENT)
    # The other spelling of ``types``.
    assert set(profile["vgpu"]) - {"type"} == set(get_type_hints(Share))
