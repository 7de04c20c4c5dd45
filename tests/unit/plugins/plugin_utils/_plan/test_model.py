# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import get_type_hints

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import (
    Card,
    Later,
    NovaGroup,
    NovaSettings,
    Parent,
    Plan,
    Unselected,
    VgpuType,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.schema import PROFILE

GPU = {
    **{"address": "0000:3b:00.0", "vendor_id": "10de", "product_id": "1eb8", "class": "0302", "driver": "nvidia"},
    **{"vf_product_id": None, "numa_node": 0, "mode": "host", "total_vfs": 0, "num_vfs": 0, "netdevs": []},
    **{"virtual_functions": [], "framework": "mdev"},
}
TO_COME = {**GPU, "address": "0000:af:00.0", "product_id": "2235", "total_vfs": 16}
TYPE = {
    **{"id": "nvidia-223", "name": "GRID T4-2B", "description": None, "device_api": "vfio-pci", "attributes": {}},
    **{"available_instances": 8, "max_instances": 8},
}
PARENT = {"name": GPU["address"], "address": GPU["address"], "physical_function": GPU["address"], "numa_node": 0}
FACTS = {
    "physical_functions": [GPU, TO_COME],
    "parents": [{**PARENT, "framework": "mdev", "types": [TYPE]}],
    "devices": [],
}
VGPU = {"type": "GRID T4-2B"}
PROFILES = [
    {"name": "now", "select": "product_id == '1eb8'", "vgpu": VGPU},
    {"name": "then", "select": "product_id == '2235'", "mode": "vf", "num_vfs": "max", "vgpu": VGPU},
]


def test_a_plan_has_the_fields_that_are_written_down():
    plan = resolve(PROFILES, FACTS)
    assert set(plan) == set(get_type_hints(Plan))
    card, later = plan["cards"]
    # Only some cards have these.
    rare = {"shares", "waiting", "vdpa_functions", "has_serial_number", "types", "is_part"}
    rare |= {"held_framework", "held_parents", "used_types", "used_functions"}
    of_clouds = {cloud.OWNER for cloud in CLOUDS if cloud.PROFILE_PART}
    assert set(card) == set(later) == set(get_type_hints(Card)) - rare | of_clouds
    assert set(card["type"]) == set(get_type_hints(VgpuType))
    assert [set(parent) | {"now"} for parent in card["parents"]] == [set(get_type_hints(Parent))]
    assert [set(entry) for entry in plan["later"]] == [set(get_type_hints(Later))]


def test_the_part_of_nova_has_the_keys_of_the_schema():
    options = PROFILE["nova"]["options"]
    assert set(get_type_hints(NovaSettings)) - {"functions"} == set(options)
    assert set(get_type_hints(NovaGroup)) - {"functions"} == set(options["groups"]["options"])


def test_cards_of_no_profile_have_the_fields_that_are_written_down():
    (card,) = resolve(PROFILES[:1], FACTS)["unselected"]
    assert set(card) | {"vdpa_functions"} == set(get_type_hints(Unselected))
