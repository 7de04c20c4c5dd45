# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.apply import Outcome
from ansible_collections.vfio.devices.plugins.module_utils._instances.result import report
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import Failed, Plan, State
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition, Device
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import (
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
)
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, Holder, Use


def device(name, type_id="x", parent="p", state="active", address=None, **fields):
    return Device(parent, "mdev", name, address, type_id, state=state, **fields)


def planned(name, type_id="x"):
    return PlannedDevice("p", "p", "mdev", name, None, type_id, None, place=0)


def make(*arguments):
    return MakeDevice("p", planned(*arguments))


def remove(*arguments, **fields):
    return RemoveDevice("p", device(*arguments, **fields), 0)


def state(*devices, definitions=None, records=None):
    return State([], list(devices), definitions or {}, records or {})


def outcome(*done, failed=()):
    result = Outcome()
    result.done, result.failed = list(done), list(failed)
    return result


def plan(kept=(), busy=()):
    return Plan([], list(kept), list(busy), [])


def test_what_was_done_to_each():
    before = state(device("a"), device("b"), device("k"), device("d", state="defined"))
    done = outcome(
        remove("a"),
        remove("b"),
        make("b", "y"),
        make("c", "y"),
        remove("d", state="defined"),
    )
    result = report(before, plan(kept=[planned("k")]), done, None)
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
        "before": {"p": {"a": "x", "b": "x", "d": "missing, only its definition exists", "k": "x"}},
        "after": {"p": {"b": "y", "c": "y", "k": "x"}},
    }


def test_after_the_work_the_diff_is_what_the_kernel_shows():
    after = state(device("z", None, state="removing"))
    assert report(state(), plan(), outcome(make("a")), after)["diff"] == {
        "before": {},
        "after": {"p": {"z": "removing"}},
    }


def test_failed_and_busy():
    failed = Failed(make("f"), "cannot make f")
    uses = (
        Use("u", "vfio", EVERY_EFFECT, "", Holder(1, "c", None, True)),
        Use("u", "mdev", EVERY_EFFECT, "", clause="may be in use"),
    )
    result = report(state(), plan(busy=[(device("u", uses=uses), None)]), outcome(failed=[failed]), state())
    assert (result["changed"], result["failures"]) == (False, ["cannot make f"])
    assert result["instances"][0]["action"] == "failed"
    assert (result["busy"][0]["uuid"], result["busy"][0]["users"]) == (
        "u",
        [{"pid": 1, "command": "c", "domain": None, "running": True, "device_file": None}],
    )


def test_the_diff_shows_what_is_kept():
    definition = Definition("x", True)
    vgpu = {"parent": "vf", "uuid": None, "address": "vf"}
    before = state(device("a"), device(None, parent="vf", address="vf"))
    done = outcome(
        KeepDefinition("p", "p", "a", definition, prevents_creation=False),
        KeepDevices("pf", "record", {"instances": [vgpu]}),
    )
    diff = report(before, plan(), done, None)["diff"]
    assert diff["before"] == {"p": {"a": "x"}, "vf": {"vf": "x"}}
    assert diff["after"] == {"p": {"a": "x, created at boot"}, "vf": {"vf": "x, recorded"}}


INSTANCE = {
    "uuid": "a",
    "address": None,
    "parent": "p",
    "type": "x",
    "type_name": None,
    "attributes": [["size", "2"]],
    "autostart": True,
}


def test_the_diff_shows_a_change_of_only_a_record():
    definition = Definition("x", True)
    before = state(device("a"))._replace(definitions={("p", "a"): definition})
    diff = report(before, plan(), outcome(KeepDevices("pf", "record", {"instances": [INSTANCE]})), None)["diff"]
    assert diff["before"] == {"p": {"a": "x, created at boot"}, "pf": {"record": None}}
    assert diff["after"] == {
        "p": {"a": "x, created at boot"},
        "pf": {"record": ["a: x, size=2, on p, created at boot"]},
    }


def test_the_diff_shows_a_change_of_only_a_definition():
    before = state(device("a"))._replace(definitions={("p", "a"): Definition("x", True, (("size", "1"),))})
    step = KeepDefinition("p", "p", "a", Definition("x", True, (("size", "2"),)), prevents_creation=False)
    diff = report(before, plan(), outcome(step), None)["diff"]
    kept = "x, created at boot"
    assert diff["before"] == {"p": {"a": kept, "definition of a": "x, size=1, created at boot"}}
    assert diff["after"] == {"p": {"a": kept, "definition of a": "x, size=2, created at boot"}}
