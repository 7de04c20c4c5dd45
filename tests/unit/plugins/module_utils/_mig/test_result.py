# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.mig import Gpu, GpuInstance
from ansible_collections.vfio.devices.plugins.module_utils._mig.actions import Outcome
from ansible_collections.vfio.devices.plugins.module_utils._mig.plan import Make, Plan, SetMode
from ansible_collections.vfio.devices.plugins.module_utils._mig.records import Change
from ansible_collections.vfio.devices.plugins.module_utils._mig.result import report
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import Wanted

A30 = "0000:3b:00.0"
OFF = Gpu(A30, False, False)
STEPS = (SetMode(True), Make("1g.6gb", 14, 0, 1, True))
PLAN = Plan(Wanted(0, "gpus[0]", A30, True, (("1g.6gb", 1),), True), OFF, STEPS)
MADE = OFF._replace(enabled=True, pending=True, instances=(GpuInstance(3, "1g.6gb", 14, 0, 1, (0,)),))


@pytest.mark.parametrize(
    ("busy", "outcome", "action", "changed"),
    [
        ([], None, "changed", True),
        (["it is used"], None, "busy", False),
        ([], Outcome(("enabled MIG",), None, MADE), "changed", True),
        ([], Outcome((), "it failed", OFF), "failed", False),
        ([], Outcome(("enabled MIG",), "it failed", None), "failed", True),
        ([], Outcome(("removed", "made again"), "it failed", OFF, restored=True), "restored", True),
    ],
)
def test_actions(busy, outcome, action, changed):
    result = report([PLAN], {A30: busy}, {A30: outcome} if outcome else {}, {})
    (entry,) = result["gpus"]
    assert (entry["action"], result["changed"], entry["busy"]) == (action, changed, busy)
    assert result["failures"] == ([f"{A30}: it failed"] if outcome and outcome.error else [])


def test_prediction_is_what_comes_but_for_numbers():
    predicted = report([PLAN], {}, {}, {})
    done = report([PLAN], {}, {A30: Outcome(("enabled MIG", "made"), None, MADE)}, {})
    assert predicted["diff"] == done["diff"]
    assert predicted["gpus"][0]["after"]["instances"][0].pop("id") is None
    assert done["gpus"][0]["after"]["instances"][0].pop("id") == 3
    assert predicted["gpus"][0]["after"] == done["gpus"][0]["after"]


def test_the_diff_shows_a_change_of_only_a_record():
    same = PLAN._replace(steps=())
    change = Change({"gpu": {"enabled": True}, "model": ""}, {"gpu": {"enabled": True}, "model": "10de:20b7"})
    result = report([same], {}, {}, {A30: change})
    assert result["changed"]
    assert result["diff"] == {
        "before": {A30: {"record": ["enabled: true"]}},
        "after": {A30: {"record": ["enabled: true", "model: 10de:20b7"]}},
    }
