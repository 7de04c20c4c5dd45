# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.mig import Gpu, GpuInstance, Profile
from ansible_collections.vfio.devices.plugins.module_utils._mig.plan import (
    Make,
    MakeCompute,
    Remove,
    SetMode,
    plan,
    predict,
)
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import Wanted

A30 = "0000:3b:00.0"
PROFILES = (
    Profile("1g.6gb", 14, 4, 5980, (0, 1, 2, 3), 1),
    Profile("2g.12gb", 5, 2, 12114, (0, 2), 2),
    Profile("4g.24gb", 0, 1, 24268, (0,), 4),
)
SMALL = GpuInstance(3, "1g.6gb", 14, 0, 1, (0,))
BARE = GpuInstance(5, "2g.12gb", 5, 2, 2)
OFF, ON = Gpu(A30, False, False, PROFILES), Gpu(A30, True, True, PROFILES)
HALF = ON._replace(instances=(SMALL, BARE))


def wanted(layout, enabled=True, compute=True):
    return Wanted(0, "gpus[0]", A30, enabled, tuple(layout.items()), compute)


@pytest.mark.parametrize(
    ("layout", "gpu", "steps"),
    [
        ({}, OFF, (SetMode(True),)),
        ({}, ON, ()),
        ({"1g.6gb": 1}, OFF, (SetMode(True), Make("1g.6gb", 14, 0, 1, True))),
        ({"1g.6gb": 1, "2g.12gb": 1}, HALF, (MakeCompute(BARE),)),
        ({"1g.6gb": 2}, HALF, (Remove(BARE), Make("1g.6gb", 14, 1, 1, True))),
        ({"4g.24gb": 1}, HALF, (Remove(SMALL), Remove(BARE), Make("4g.24gb", 0, 0, 4, True))),
        ({"2g.12gb": 2}, HALF, (Remove(SMALL), MakeCompute(BARE), Make("2g.12gb", 5, 0, 2, True))),
        (None, HALF, (Remove(SMALL), Remove(BARE), SetMode(False))),
        (None, OFF, ()),
        (None, Gpu(A30, None, None), ()),
    ],
)
def test_steps(layout, gpu, steps):
    problems = []
    found = plan(wanted(layout or {}, enabled=layout is not None), gpu, [A30], problems)
    assert (found.steps, problems) == (steps, [])
    after = predict(found)
    assert not after.enabled or plan(found.wanted, after, [A30], problems).steps == ()


@pytest.mark.parametrize(
    ("layout", "gpu", "sentence"),
    [
        ({"1g.6gb": 5}, ON, "the GPU has at most 4 of 1g.6gb. A possible layout is {1g.6gb: 4}"),
        ({"1g.6gb": 1, "4g.24gb": 1}, ON, "the GPU has 4 memory slices, and the layout needs 5 at certain places"),
        ({"1g.5gb": 1}, ON, "the GPU has no MIG profile 1g.5gb. The closest is 1g.6gb. It has 1g.6gb, 2g.12gb, 4g"),
        ({}, Gpu(A30, None, None), "this GPU does not support MIG. Remove mig from the profile"),
        ({}, None, "nvidia-smi does not list it. It lists 0000:99:00.0. The GPU must be bound to the driver nvidia"),
        ({}, OFF._replace(pending=True), "MIG is enabled after a reset of 0000:3b:00.0"),
        ({}, ON._replace(pending=False), "MIG is disabled after a reset of 0000:3b:00.0"),
    ],
)
def test_refusals(layout, gpu, sentence):
    problems = []
    assert plan(wanted(layout), gpu, ["0000:99:00.0"], problems) is None
    (problem,) = problems
    assert problem.startswith(f"gpus[0] ({A30}): ") and sentence in problem
