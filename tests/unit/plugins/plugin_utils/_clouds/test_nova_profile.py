# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_profile


def check(mode="vf", vgpu=None, **nova):
    return nova_profile.check({"mode": mode, "vgpu": vgpu, "nova": nova})


@pytest.mark.parametrize(
    "nova", [{}, {"alias": "a"}, {"vfs": "0-3"}, {"vfs": ["0", "2-3"]}, {"groups": [{"vfs": "0"}, {"vfs": ["1-2"]}]}]
)
def test_what_can_be(nova):
    assert check(**nova) == []


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ({"vfs": "0", "mode": "pf"}, "nova.vfs chooses virtual functions of mode vf without vgpu"),
        (
            {"groups": [{"vfs": "0"}], "vgpu": {}, "mode": None},
            "nova.groups[0].vfs chooses virtual functions of mode vf",
        ),
        ({"groups": [{"vfs": "0"}], "vfs": "1"}, "nova.groups chooses the virtual functions. Remove nova.vfs"),
        ({"vfs": ["0", "x"]}, "nova.vfs 'x' is neither an index"),
        ({"groups": [{"vfs": "0"}, {"vfs": "2-1"}]}, "nova.groups[1].vfs '2-1' is neither an index"),
        (
            {"groups": [{"vfs": "0-3"}, {"vfs": "3-5"}]},
            "nova.groups[1].vfs and nova.groups[0].vfs have the virtual fun",
        ),
    ],
)
def test_what_cannot_be(profile, sentence):
    (found,) = check(**profile)
    assert found.startswith(sentence)


def test_keys_of_groups_are_keys_of_the_profile():
    options = nova_profile.PROFILE_PART["options"]
    assert set(options["groups"]["options"]) <= set(options)


@pytest.mark.parametrize(
    ("nova", "num_vfs", "found"),
    [
        ({"vfs": ["0-3"]}, 4, []),
        ({"vfs": ["9"]}, None, []),
        ({"vfs": ["9"]}, 0, []),
        ({}, 4, []),
        (
            {"vfs": ["0", "3-9"]},
            4,
            [
                "nova.vfs chooses the virtual function 4, but the card has the functions 0 to 3. Correct nova.vfs, or "
                "set num_vfs: 10"
            ],
        ),
        (
            {"groups": [{"vfs": "0-1"}, {"vfs": "4"}]},
            4,
            [
                "nova.groups[1].vfs chooses the virtual function 4, but the card has the functions 0 to 3. Correct "
                "nova.groups[1].vfs, or set num_vfs: 5"
            ],
        ),
    ],
)
def test_functions_that_the_card_will_not_have(nova, num_vfs, found):
    assert nova_profile.missing_functions(nova, num_vfs) == found
