# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import definitions
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition
from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_definitions_of_mdevctl(simulated):
    host = simulated("mtty")
    definition = b'{"mdev_type": "mtty-2", "start": "auto", "attrs": [{"a": "1"}, {"a": "2"}]}'
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", definition)
    host.files.replace(f"etc/mdevctl.d/mtty/{OTHER}", b'{"mdev_type": "mtty-1", "start": "manual"}')
    host.files.replace("etc/mdevctl.d/mtty/README", b"not a definition")
    host.create("mtty", "mtty-2", UUID)
    facts = host.facts()
    devices = by("uuid", facts["devices"])
    assert (devices[UUID]["state"], devices[UUID]["autostart"]) == ("active", True)
    assert devices[UUID]["attributes"] == [{"a": "1"}, {"a": "2"}]
    assert (devices[OTHER]["state"], devices[OTHER]["autostart"]) == ("defined", False)
    assert (devices[OTHER]["type"], devices[OTHER]["type_name"]) == ("mtty-1", "Single port serial")
    assert facts["warnings"] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"mdev_type": "a", "attrs": 3}',
        b'{"mdev_type": "a", "attrs": [1]}',
        b"[" * 9999,
    ],
)
def test_a_definition_that_is_none_is_told(simulated, content):
    host = simulated("mtty")
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", content)
    facts = host.facts()
    assert facts["devices"] == []
    (warning,) = facts["warnings"]
    assert warning.startswith(f"/etc/mdevctl.d/mtty/{UUID} is not an mdevctl definition")


T4 = "0000:3b:00.0"


def record(type_id, name, uuid=UUID):
    instance = {"uuid": uuid, "address": None, "parent": T4, "type": type_id, "type_name": name}
    return json.dumps({"instances": [{**instance, "attributes": [], "autostart": True}]})


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        # Another driver has since assigned the id to another type.
        (("nvidia-231", "GRID T4-2B"), ("nvidia-223", "GRID T4-2B")),
        (("nvidia-231", "a type of another driver"), ("nvidia-231", "a type of another driver")),
        (("nvidia-231", "GRID T4-2Q"), ("nvidia-231", "GRID T4-2Q")),
        # The definition has since been changed to another type.
        (("nvidia-222", "GRID T4-2B"), ("nvidia-231", "GRID T4-2Q")),
        (None, ("nvidia-231", "GRID T4-2Q")),
    ],
)
def test_definition_keeps_the_type_that_it_was_made_of(simulated, recorded, shown):
    files = {f"etc/mdevctl.d/{T4}/{UUID}": '{"mdev_type": "nvidia-231", "start": "auto"}'}
    if recorded:
        files[f"etc/vfio-devices/mdev_instance/{T4}.json"] = record(*recorded)
    (device,) = simulated("t4", files=files).facts()["devices"]
    assert (device["type"], device["type_name"]) == shown


def test_definitions_in_capital_letters_are_the_same_devices(simulated):
    directory, name = "etc/mdevctl.d/0000:3B:00.0", UUID.upper()
    host = simulated("t4", files={f"{directory}/{name}": '{"mdev_type": "nvidia-231", "start": "auto"}'})
    root = host.root()
    wanted = Definition("nvidia-231", True)
    assert definitions.read_definitions(root) == {(T4, UUID): wanted}
    definitions.save_definition(root, T4, UUID, wanted._replace(autostart=False))
    assert root.names(directory) == []
    assert definitions.read_definitions(root) == {(T4, UUID): wanted._replace(autostart=False)}
    definitions.save_definition(root, T4, UUID, None)
    assert definitions.read_definitions(root) == {}


@pytest.mark.parametrize("text", ["[]", "{}", '{"instances": 3}', '{"instances": [3, {"uuid": 1}]}'])
def test_other_records_name_no_types(simulated, text):
    root = simulated("t4", files={f"etc/vfio-devices/mdev_instance/{T4}.json": text}).root()
    assert definitions.recorded_names(root) == {}
