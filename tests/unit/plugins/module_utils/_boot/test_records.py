# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import records
from ansible_collections.vfio.devices.plugins.module_utils._boot.records import NotRestorable
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted as modes_wanted

ICE = "0000:31:00.0"
UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
VF = {"pf": ICE, "mode": "vf", "num_vfs": "4"}
MDEV = {
    "uuid": UUID,
    "address": None,
    "parent": "mtty",
    "type": "mtty-1",
    "type_name": "Single port serial",
    "attributes": [["a", "1"], ["a", "2"]],
    "autostart": True,
}
VGPU = {**MDEV, "uuid": None, "address": "0000:84:00.4", "parent": "0000:84:00.4", "type": "1150", "attributes": []}
DEFINITION = Definition("mtty-1", True, (("a", "1"), ("a", "2")))


def test_options_are_those_of_the_module():
    for types, spec in (
        (records.FUNCTION, wanted.FUNCTION),
        (records.VIRTUAL_FUNCTION, wanted.VIRTUAL_FUNCTION),
    ):
        assert {name: kind.__name__ for name, kind in types.items()} == {
            # Records omit fields that only messages use.
            name: "int" if name in modes_wanted.LIMITS else one["type"]
            for name, one in spec.items()
            if name != "label"
        }
        choices = {name: tuple(one["choices"]) for name, one in spec.items() if "choices" in one}
        assert choices == {name: records.CHOICES[name] for name in choices}


def test_record_of_a_card_is_the_entry_that_it_was_made_of(entries):
    given = {**VF, "vfs": [{"index": "0", "mac": "52:54:00:12:34:56", "trust": True}]}
    entry = records.recorded_function(ICE, {"function": given})
    (wanted,) = entries(given)
    assert entry._replace(requested={}) == wanted._replace(requested={})


def test_pinned_card_may_be_brought_back():
    assert records.recorded_function(ICE, {"function": {**VF, "reconfigurable": False}}).reconfigurable


@pytest.mark.parametrize(
    ("card", "function", "sentence"),
    [
        (ICE, None, "its record was not written by this collection"),
        (ICE, {}, "has no pf; its record has no mode"),
        (ICE, {**VF, "mode": "x"}, "mode 'x', which is not one of pf, vf"),
        (ICE, {**VF, "num_vfs": 4}, "num_vfs '4', which is not of the type str"),
        (ICE, {**VF, "num_vfs": "many"}, "num_vfs must be a whole number"),
        (ICE, {**VF, "vfs": [{"index": "0", "vlan": True}]}, "vlan 'True', which is not of the type int"),
        (ICE, {**VF, "vfs": [5]}, "its record was not written by this collection"),
        (ICE, {**VF, "surprise": 1}, "'surprise', which this version does not know"),
        ("0000:98:00.0", VF, f"its record belongs to {ICE}"),
        ("..", VF, "'..' is not a PCI address"),
    ],
)
def test_record_of_a_card_that_is_none(card, function, sentence):
    with pytest.raises(NotRestorable) as caught:
        records.recorded_function(card, {"function": function})
    assert sentence in str(caught.value)


def of(instances, **more):
    return {"instances": instances, **more}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (DEFINITION, ["Single port serial", "mtty-1", DEFINITION.attributes]),
        (Definition("mtty-2", True), ["mtty-2", "mtty-2", ()]),
        (DEFINITION._replace(autostart=False), None),
        (None, None),
    ],
)
def test_definition_says_whether_and_how_an_mdev_is_wanted(definition, expected):
    found = records.recorded_instances(of([MDEV]), {("mtty", UUID): definition} if definition else {})
    assert [[*one.wanted.types, one.type_id, one.wanted.attributes] for one in found] == (
        [expected] if expected else []
    )


@pytest.mark.parametrize("definitions", [{}, {("mtty", UUID): DEFINITION._replace(type_id="mtty-2", autostart=False)}])
def test_while_definitions_change_the_record_alone_says_it(definitions):
    (device,) = records.recorded_instances(of([MDEV], definitions_change=True), definitions)
    assert (device.id, device.type_id) == (UUID, "mtty-1")


def test_vgpu_is_wanted_by_its_record():
    (device,) = records.recorded_instances(of([VGPU, {**VGPU, "parent": "x", "autostart": False}]), {})
    assert (device.id, device.wanted.uuid, device.wanted.types) == ("0000:84:00.4", None, ("Single port serial",))
    assert records.recorded_instances(of([{**VGPU, "type_name": None}]), {})[0].wanted.types == ("1150",)


@pytest.mark.parametrize(
    "fault",
    [{"type": 5}, {"autostart": "yes"}, {"type_name": 5}, {"address": "x"}, {"uuid": None}, {"attributes": [5]}],
)
def test_record_of_a_device_that_is_none(fault):
    with pytest.raises(NotRestorable, match="which is not a device"):
        records.recorded_instances(of([{**MDEV, **fault}]), {("mtty", UUID): DEFINITION})


@pytest.mark.parametrize("fault", [{"parent": "../x"}, {"uuid": "x"}, {"attributes": [["../x", "1"]]}])
def test_record_with_names_that_are_none(fault):
    instance = {**MDEV, **fault}
    attributes = tuple((name, value) for name, value in instance["attributes"])
    definitions = {(instance["parent"], instance["uuid"]): DEFINITION._replace(attributes=attributes)}
    with pytest.raises(NotRestorable, match="its record is wrong"):
        records.recorded_instances(of([instance]), definitions)
