# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import (
    GpuInstances,
    are_held,
    capacities,
    room,
)

A100 = ("1g.5gb", "1g.5gb+me", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb")
# One GPU instance of this card has vGPUs of several sizes, with time slices.
RTX = ("1g.24gb", "1g.24gb+me", "2g.48gb", "4g.96gb")


@pytest.mark.parametrize(
    ("name", "profiles", "found"),
    [
        ("NVIDIA A100-1-5C", A100, {"1g.5gb": 1}),
        ("NVIDIA A100-1-5CME", A100, {"1g.5gb+me": 1}),
        ("NVIDIA A100-1-10C", A100, {"1g.10gb": 1}),
        ("NVIDIA A100-7-40C", A100, {"7g.40gb": 1}),
        ("NVIDIA A100-5C", A100, {}),
        ("NVIDIA RTX Pro 6000 Blackwell DC-1-3Q", RTX, {"1g.24gb": 8}),
        ("NVIDIA RTX Pro 6000 Blackwell DC-1-24Q", RTX, {"1g.24gb": 1}),
        ("NVIDIA RTX Pro 6000 Blackwell DC-2-48Q", RTX, {"2g.48gb": 1}),
        ("NVIDIA RTX Pro 6000 Blackwell DC-1-48Q", RTX, {}),
        (None, A100, {}),
    ],
)
def test_which_profile_goes_with_a_type(name, profiles, found):
    assert capacities(name, GpuInstances(profiles, ())) == found


@pytest.mark.parametrize(
    ("name", "others", "instances", "number"),
    [
        ("X-1-5C", [], ["1g.5gb"] * 4 + ["3g.20gb"], 4),
        ("X-3-20C", [], ["1g.5gb"] * 4 + ["3g.20gb"], 1),
        ("X-1-5C", ["X-1-5C", "X-3-20C"], ["1g.5gb"] * 4 + ["3g.20gb"], 3),
        ("X-20C", [], ["3g.20gb"], 0),
        ("X-1-5C", [None], ["1g.5gb"], 1),
    ],
)
def test_what_fits_on_gpu_instances(name, others, instances, number):
    assert room(name, others, GpuInstances(A100, tuple(instances))) == number


def test_a_gpu_instance_has_vgpus_of_one_size():
    gpu = GpuInstances(RTX, ("1g.24gb", "1g.24gb"))
    assert room("DC-1-6Q", ["DC-1-6Q"], gpu) == 7
    assert room("DC-1-6A", ["DC-1-6Q"], gpu) == 7
    assert room("DC-1-3Q", ["DC-1-6Q"], gpu) == 8
    assert room("DC-1-3Q", ["DC-1-6Q"] * 5, gpu) == 0


@pytest.mark.parametrize(
    ("types", "instances", "held"),
    [
        ([], [], True),
        (["X-1-5C"], ["1g.5gb"], True),
        (["X-1-5C", "X-1-5C"], ["1g.5gb", "3g.20gb"], False),
        (["X-3-20C", "X-1-5C"], ["1g.5gb", "3g.20gb"], True),
        (["X-20C"], ["3g.20gb"], False),
        ([None], ["1g.5gb"], False),
    ],
)
def test_vgpus_that_have_a_place(types, instances, held):
    assert are_held(types, GpuInstances(A100, tuple(instances))) == held
