# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.cyborg_device_profiles import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, whole

cyborg_device_profiles = FilterModule().filters()["cyborg_device_profiles"]


def typed(type_id="T4-2B", **changes):
    card = mdevs(type_id, owner="cyborg", **{"profile": "typed", "count": None, **changes})
    card["type"]["name"] = f"GRID {type_id}"
    return card


def complete(**changes):
    return whole(**{"owner": "cyborg", "mode": None, "profile": "whole", "name": "0000:85:00.0", **changes})


def test_bodies():
    cards = [typed(traits=["CUSTOM_TIER_GOLD"]), complete(), mdevs(profile="other", name="0000:86:00.0")]
    assert cyborg_device_profiles(plan(*cards)) == [
        {
            "name": "typed",
            "groups": [
                {
                    "resources:VGPU": "1",
                    "trait:CUSTOM_NVIDIA_1EB8_T4_2B": "required",
                    "trait:CUSTOM_TIER_GOLD": "required",
                }
            ],
        },
        {"name": "whole", "groups": [{"resources:PGPU": "1", "trait:CUSTOM_NVIDIA_1EB8": "required"}]},
    ]
    assert cyborg_device_profiles(plan()) == []


def test_a_profile_of_several_kinds_has_what_all_have():
    plans = [plan(typed(traits=["CUSTOM_A"])), plan(typed("T4-4Q", traits=["CUSTOM_A"]))]
    (body,) = cyborg_device_profiles(plans)
    assert body["groups"] == [{"resources:VGPU": "1", "trait:CUSTOM_A": "required"}]


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ([typed(profile="t4 desktops")], "profile t4 desktops: a Cyborg device profile has a name of letters"),
        ([typed(traits=["HW_GPU_API_VULKAN"])], "only custom traits, and not HW_GPU_API_VULKAN"),
        ([typed(), complete(profile="typed")], "some of its cards are complete GPUs"),
        (
            [typed(profile="any"), typed(profile="gold", traits=["CUSTOM_GOLD"], name="0000:85:00.0")],
            "profile any: guests that ask for its devices also get those of profile gold",
        ),
        (
            [
                *(typed("RTX Pro 6000 DC-4Q", profile="a"), typed("RTX Pro 6000 DC-8Q", profile="a")),
                typed("RTX Pro 6000 DC-8Q", profile="b", traits=["CUSTOM_B"], name="0000:85:00.0"),
            ],
            "profile a: guests that ask for its devices also get those of profile b",
        ),
    ],
)
def test_what_cannot_be(cards, words):
    with pytest.raises(AnsibleFilterError, match=words):
        cyborg_device_profiles(plan(*cards))


def test_two_profiles_of_the_same_devices():
    cards = [typed(profile="a"), typed(profile="b", name="0000:85:00.0")]
    assert len(cyborg_device_profiles(plan(*cards))) == 2
