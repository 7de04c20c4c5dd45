# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement import result as placement_result
from ansible_collections.vfio.devices.plugins.module_utils._placement.apply import Outcome

PLAN = {"kept": [], "missing": ["gone"], "unexpected": []}


def step(name, action="update", item=0, before=None, actual=None, **fields):
    return {
        "name": name,
        "uuid": name,
        "parent": None,
        "root": name,
        "action": action,
        "item": item,
        "before": before,
        "actual": actual,
        "writes": 1,
        "former": None,
        "node": {"secret": "inner"},
        **fields,
    }


def test_nothing():
    result = placement_result.report(PLAN, Outcome(), 4)
    assert result["changed"] is False
    assert result["calls"] == 4
    assert result["missing"] == ["gone"]
    assert result["unexpected"] == []
    assert result["diff"] == {"before": {}, "after": {}}


def test_each_with_what_was_done():
    outcome = Outcome()
    outcome.done = [step("b", "create", 1, actual={"x": 1}), step("c", "remove", None, before={"x": 2})]
    outcome.failed = [step("a", item=0, before={"x": 1}, actual={"x": 1}, error="a: no", writes=0)]
    outcome.retries = 2
    kept = [{"name": "k", "uuid": "k", "parent": None, "root": "k", "item": 2}]
    result = placement_result.report({**PLAN, "kept": kept}, outcome, 9)
    assert [(one["name"], one["action"]) for one in result["providers"]] == [
        ("a", "failed"),
        ("b", "created"),
        ("k", "kept"),
        ("c", "removed"),
    ]
    assert (result["created"], result["removed"]) == (["b"], ["c"])
    assert result["failures"] == ["a: no"]
    assert result["diff"] == {"before": {"c": {"x": 2}}, "after": {"b": {"x": 1}}}
    assert result["changed"]
    assert "secret" not in str(result)


def test_what_failed_half_way_has_changed_something():
    outcome = Outcome()
    outcome.failed = [step("a", error="a: no", actual={"x": 1})]
    assert placement_result.report(PLAN, outcome, 1)["changed"]
