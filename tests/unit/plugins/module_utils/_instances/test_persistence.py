# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.persistence import with_persistence
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import Plan, State
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition, Device
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import (
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
)

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
DEFINITION = Definition("x", True, (("a", "1"),))


def device(uuid=UUID, parent="p", card="p", address=None, type_id="x"):
    return PlannedDevice(card, parent, "vendor_vfio" if address else "mdev", uuid, address, type_id, "X", (("a", "1"),))


def make(**fields):
    planned = device(**fields)
    return MakeDevice(planned.card, planned)


def remove(**fields):
    card, parent, framework, uuid, address, type_id, name, *_others = device(**fields)
    return RemoveDevice(card, Device(parent, framework, uuid, address, type_id, name))


def named(step):
    """Return the name of a step, and the record or definition that it writes."""
    if isinstance(step, KeepDevices):
        return step.stage, step.record
    if isinstance(step, KeepDefinition):
        return "undefine" if step.prevents_creation else "define", step.definition
    return "create" if isinstance(step, MakeDevice) else "remove", None


def steps(planned_steps=(), kept=(), definitions=None, records=None, persist=True):
    state = State([], [], definitions or {}, records or {})
    plan = Plan(list(planned_steps), list(kept), [], [])
    return [named(step) for step in with_persistence(state, plan, persist)]


def record(uuid=UUID, parent="p", card="p", address=None, type_id="x"):
    fields = {"uuid": uuid, "address": address, "parent": parent, "type": type_id, "type_name": "X"}
    return {"instances": [{**fields, "attributes": [["a", "1"]], "autostart": True}]}


def marked(record):
    return {**record, "definitions_change": True}


def test_a_new_device_is_promised_until_it_is_defined():
    assert steps([make()]) == [
        ("create", None),
        ("promise", marked(record())),
        ("define", DEFINITION),
        ("record", record()),
    ]


def test_a_kept_device_needs_only_what_is_missing():
    assert steps(kept=[device()]) == [("promise", marked(record())), ("define", DEFINITION), ("record", record())]
    assert steps(kept=[device()], definitions={("p", UUID): DEFINITION}, records={"p": record()}) == []
    assert steps(kept=[device()], definitions={("p", UUID): DEFINITION}) == [("record", record())]


def test_a_removed_device_is_recorded_until_its_definition_is_gone():
    known = {"definitions": {("p", UUID): DEFINITION}, "records": {"p": record()}}
    expected = [("remove", None), ("retain", marked(record())), ("undefine", None), ("record", None)]
    assert steps([remove()], **known) == expected
    assert steps([remove()], persist=False, **known) == expected


def test_what_is_defined_by_others_is_recorded_until_its_definition_is_gone():
    expected = record()["instances"][0]
    retained = steps([remove()], definitions={("p", UUID): DEFINITION})[1]
    assert retained == ("retain", marked({"instances": [{**expected, "type_name": None}]}))


def test_what_a_definition_keeps_from_coming_back_is_not_promised():
    manual, other = DEFINITION._replace(autostart=False), record(uuid="b")["instances"]
    both = {"instances": [*record()["instances"], *other]}
    definitions = {("p", UUID): manual, ("p", "b"): DEFINITION}
    promised = steps([make(uuid="c")], definitions=definitions, records={"p": both})[1]
    autostart = {one["uuid"]: one["autostart"] for one in promised[1]["instances"]}
    assert (promised[0], autostart) == ("promise", {UUID: False, "b": True, "c": True})


def test_a_replaced_device_keeps_its_definition_until_the_new_one_is_there():
    old = record(type_id="y")
    known = {"definitions": {("p", UUID): DEFINITION._replace(type_id="y")}, "records": {"p": old}}
    replaced = [remove(type_id="y"), make()]
    assert steps(replaced, **known) == [
        ("remove", None),
        ("create", None),
        ("retain", marked(old)),
        ("undefine", None),
        ("promise", marked(record())),
        ("define", DEFINITION),
        ("record", record()),
    ]
    assert steps(replaced, persist=False, **known)[2:] == [
        ("retain", marked(old)),
        ("undefine", None),
        ("record", None),
    ]


def test_a_record_that_is_complete_by_itself_stays_so_until_all_are_defined():
    unfinished = {"instances": [*record(uuid="b")["instances"], *record()["instances"]]}
    changed = steps([make(uuid="c")], records={"p": marked(unfinished)})
    assert [content.get("definitions_change") for action, content in changed if action in ("promise", "record")] == [
        True,
        True,
    ]
    known = {("p", uuid): DEFINITION for uuid in (UUID, "b")}
    assert steps(kept=[device()], definitions=known, records={"p": marked(unfinished)}) == [("record", unfinished)]


def test_without_persist_nothing_new_is_kept():
    assert steps([make()], kept=[device(uuid="b")], persist=False) == [("create", None)]


def test_a_virtual_function_with_a_type_has_a_record_only():
    fields = {"uuid": None, "address": "vf", "parent": "vf", "card": "pf"}
    assert steps([make(**fields)]) == [("create", None), ("record", record(**fields))]


def test_one_card_after_the_other():
    planned = [make(uuid="b", card="2", parent="2"), remove(uuid="a", card="1", parent="1")]
    planned += [make(uuid="c", card="1", parent="1")]
    assert [action for action, content in steps(planned)] == [
        *("remove", "create", "promise", "define", "record"),
        *("create", "promise", "define", "record"),
    ]
