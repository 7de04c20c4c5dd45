# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._boot import files, plan
from ansible_collections.vfio.devices.plugins.module_utils._boot.archive import build

PYTHON = "/usr/bin/python3"


def test_the_steps_are_in_the_order_of_starting(simulated):
    root = simulated("empty").root()
    wanted = plan.wanted_files(root, True, None, 60.0, build())
    assert wanted == {**files.files(PYTHON, 60.0, build()), **files.links()}
    state = plan.observe(root)
    steps = plan.plan(state, wanted, set())
    assert [step.path for step in steps] == plan.paths()
    assert {step.action for step in steps} == {"created"}
    assert plan.plan(wanted, wanted, set()) == []
    gone = plan.plan(wanted, plan.wanted_files(root, False, None, 60.0, b""), set())
    assert [step.path for step in gone] == plan.paths()[::-1]
