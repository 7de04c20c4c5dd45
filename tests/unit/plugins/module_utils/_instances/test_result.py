# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.actions import Outcome
from ansible_collections.vfio.devices.plugins.module_utils._instances.result import report
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition, Device


def step(name, type_id="x", parent="p", state="active", **more):
    fields = {"uuid": name, "address": None, "parent": parent, "type": type_id, "type_name": None, "item": 0}
    return {**fields, "state": state, "users": [], **more}


def device(name, type_id="x", parent="p", state="active", address=None):
    return Device(parent, "mdev", name, address, type_id, state=state)


def state(*devices, definitions=None, records=None):
    return {"devices": list(devices), "definitions": definitions or {}, "records": records or {}}


def outcome(*done, failed=()):
    result = Outcome()
    result.done, result.failed = list(done), list(failed)
    return result


def planned(kept=(), busy=()):
    return {"kept": list(kept), "busy": list(busy), "missing": []}


def test_what_was_done_to_each():
    before = state(device("a"), device("b"), device("k"), device("d", state="defined"))
    done = outcome(
        step("a", action="remove"),
        step("b", action="remove"),
        step("b", "y", action="create"),
        step("c", "y", action="create"),
        step("d", state="defined", action="remove"),
    )
    result = report(before, planned(kept=[step("k")]), done, None)
    assert result["changed"]
    assert {one["uuid"]: one["action"] for one in result["instances"]} == {
        "a": "removed",
        "b": "replaced",
        "c": "created",
        "d": "removed",
        "k": "kept",
    }
    assert (result["created"], result["replaced"], result["kept"]) == (["c"], ["b"], ["k"])
    assert result["removed"] == ["a", "d"]
    assert result["diff"] == {
        "before": {"p": {"a": "x", "b": "x", "d": "not there, only defined as x", "k": "x"}},
        "after": {"p": {"b": "y", "c": "y", "k": "x"}},
    }


def test_after_the_work_the_diff_is_what_the_kernel_shows():
    after = state(device("z", None, state="removing"))
    assert report(state(), planned(), outcome(step("a", action="create")), after)["diff"] == {
        "before": {},
        "after": {"p": {"z": "removing"}},
    }


def test_failed_and_busy():
    failed = step("f", action="create", error="cannot make f")
    users = [{"pid": 1, "command": "c", "domain": None, "running": True}]
    result = report(state(), planned(busy=[step("u", users=users)]), outcome(failed=[failed]), state())
    assert (result["changed"], result["failures"]) == (False, ["cannot make f"])
    assert result["instances"][0]["action"] == "failed"
    assert (result["busy"][0]["uuid"], result["busy"][0]["users"]) == ("u", users)


def test_the_diff_shows_what_is_kept():
    definition = Definition("x", True)
    vgpu = {"parent": "vf", "uuid": None, "address": "vf"}
    before = state(device("a"), device(None, parent="vf", address="vf"))
    done = outcome(
        {"action": "define", "card": "p", "parent": "p", "uuid": "a", "definition": definition},
        {"action": "record", "card": "pf", "record": {"instances": [vgpu]}},
    )
    diff = report(before, planned(), done, None)["diff"]
    assert diff["before"] == {"p": {"a": "x"}, "vf": {"vf": "x"}}
    assert diff["after"] == {"p": {"a": "x, made at boot"}, "vf": {"vf": "x, recorded"}}
