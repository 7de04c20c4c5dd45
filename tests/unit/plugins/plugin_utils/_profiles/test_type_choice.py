# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import type_choice

NO_MIG = {"enabled": False, "profiles": []}
MIG = {"enabled": False, "profiles": [{"name": "1g.5gb+me"}, {"name": "1g.5gb"}]}


def card(*names, mig=None, devices=()):
    types = [
        {"id": str(place), "name": name, "available_instances": int(not name.endswith("full"))}
        for place, name in enumerate(names)
    ]
    made = [{"type": str(names.index(name)), "state": "active"} for name in devices]
    return {"types": types, "parents": [{"types": types, "framework": "mdev"}], "devices": made, "mig": mig}


@pytest.mark.parametrize(
    ("specs", "devices", "chosen"),
    [
        (["a", "b"], [], "a"),
        (["b", "a"], [], "b"),
        (["a", "b"], ["b"], "b"),
        (["full", "a"], [], "a"),
        (["full"], [], "full"),
        (["1"], [], "b"),
        (["c"], [], None),
    ],
)
def test_the_type_that_is_meant(specs, devices, chosen):
    found = type_choice.choose(specs, card("a", "b", "full", devices=devices))
    assert (found and found["name"]) == chosen


@pytest.mark.parametrize(
    ("spec", "names", "mig", "end"),
    [
        (
            "NVIDIA A100-1-5C",
            ["NVIDIA A100-5C"],
            None,
            "instances of MIG. Set mig in the profile if the GPU supports it",
        ),
        ("NVIDIA A100-1-5C", ["NVIDIA A100-5C"], NO_MIG, "GPU instances of MIG, which this card does not support"),
        ("NVIDIA A100-1-5C", ["NVIDIA A100-5C"], MIG, "which is off. Set mig in the profile, such as mig: {1g.5gb: 1}"),
        ("NVIDIA A100-8-5C", ["NVIDIA A100-5C"], MIG, "which is off. Set mig in the profile"),
        ("NVIDIA A100-5C", ["NVIDIA A100-1-5C"], {"enabled": True}, "Set mig: false in the profile"),
        ("NVIDIA A100-7C", ["NVIDIA A100-5C"], None, "The most similar name to NVIDIA A100-7C is NVIDIA A100-5C"),
    ],
)
def test_what_a_type_of_another_mode_needs(spec, names, mig, end):
    assert type_choice.why_none([spec], card(*names, mig=mig)).endswith(end)


def test_a_counter_that_could_not_be_read():
    subject = card("a")
    assert type_choice.why_unreadable("0", subject) is None
    subject["types"][0]["available_instances"] = None
    assert "of type 0 is unreadable" in type_choice.why_unreadable("0", subject)
