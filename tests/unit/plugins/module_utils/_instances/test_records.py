# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.records import with_persistence

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
DEFINITION = {"type": "x", "autostart": True, "attributes": [{"a": "1"}]}


def instance(action=None, uuid=UUID, parent="p", card="p", address=None, type_id="x"):
    fields = {"card": card, "parent": parent, "uuid": uuid, "address": address, "type": type_id, "type_name": "X"}
    fields = {**fields, "attributes": [("a", "1")], "autostart": True}
    return {"action": action, **fields} if action else fields


def steps(planned_steps=(), kept=(), definitions=None, records=None, persist=True):
    state = {"definitions": definitions or {}, "records": records or {}}
    planned = {"steps": list(planned_steps), "kept": list(kept)}
    return [
        (step["action"], step.get("definition", step.get("record")))
        for step in with_persistence(state, planned, persist)
    ]


def record(**fields):
    entry = {key: value for key, value in instance(**fields).items() if key != "card"}
    return {"instances": [{**entry, "attributes": [["a", "1"]]}]}


def test_a_new_device_is_defined_and_recorded():
    assert steps([instance("create")]) == [("create", None), ("define", DEFINITION), ("record", record())]


def test_a_kept_device_needs_only_what_is_missing():
    assert steps(kept=[instance()]) == [("define", DEFINITION), ("record", record())]
    assert steps(kept=[instance()], definitions={("p", UUID): DEFINITION}, records={"p": record()}) == []


def test_a_removed_device_is_forgotten():
    known = {"definitions": {("p", UUID): DEFINITION}, "records": {"p": record()}}
    assert steps([instance("remove")], **known) == [("forget", None), ("remove", None), ("define", None)]
    assert steps([instance("remove")], persist=False, **known) == steps([instance("remove")], **known)


def test_a_replaced_device_keeps_its_definition_until_the_new_one_is_there():
    known = {"definitions": {("p", UUID): {**DEFINITION, "type": "y"}}, "records": {"p": record(type_id="y")}}
    actions = steps([instance("remove", type_id="y"), instance("create")], **known)
    assert actions == [("remove", None), ("create", None), ("define", DEFINITION), ("record", record())]


def test_without_persist_nothing_new_is_kept():
    assert steps([instance("create")], kept=[instance(uuid="b")], persist=False) == [("create", None)]


def test_a_virtual_function_with_a_type_has_a_record_only():
    fields = {"uuid": None, "address": "vf", "parent": "vf", "card": "pf"}
    assert steps([instance("create", **fields)]) == [("create", None), ("record", record(**fields))]


def test_one_card_after_the_other():
    planned = [instance("create", uuid="b", card="2", parent="2"), instance("remove", uuid="a", card="1", parent="1")]
    planned += [instance("create", uuid="c", card="1", parent="1")]
    assert [action for action, content in steps(planned)] == [
        "remove",
        "create",
        "define",
        "record",
        "create",
        "define",
        "record",
    ]
