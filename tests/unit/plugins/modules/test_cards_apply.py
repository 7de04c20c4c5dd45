# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.modules import cards_apply

BOOT = {"state": "present", "python": None, "timeout": 60, "host_root": "/simulated"}


def test_result(simulated, run_module):
    host = simulated("empty")
    result = run_module(cards_apply, {"stages": {"boot": BOOT}, "gather": ["devices"]}, host)
    assert (result["changed"], result["stages"]["boot"]["changed"]) == (True, True)
    assert result["facts"] == {"devices": [], "warnings": []}
    assert not run_module(cards_apply, {"stages": {"boot": BOOT}}, host)["changed"]


def test_check_mode_changes_nothing(simulated, run_module):
    host = simulated("empty")
    assert run_module(cards_apply, {"stages": {"boot": BOOT}}, host, check_mode=True)["changed"]
    assert run_module(cards_apply, {"stages": {"boot": BOOT}}, host)["changed"]


def test_a_refusal_has_all_problems(simulated, run_module):
    result = run_module(cards_apply, {"stages": {"boot": BOOT}, "timeout": "soon"}, simulated("empty"))
    assert (result["failed"], len(result["problems"])) == (True, 1)
    assert result["msg"].startswith("Nothing was changed: timeout ")
