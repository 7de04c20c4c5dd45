# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.recorded import only_recorded

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


def record(uuid=UUID, parent="p", address=None):
    fields = {"uuid": uuid, "address": address, "parent": parent, "type": "x", "type_name": "X"}
    return {"instances": [{**fields, "attributes": [["a", "1"]], "autostart": True}]}


def marked(record):
    return {**record, "definitions_change": True}


def test_what_only_a_record_knows_counts_as_long_as_nothing_else_tells_it():
    vgpu = {**record(uuid=None, address="vf", parent="vf")["instances"][0]}
    mdev = record()["instances"][0]
    records = {"a": {"instances": [vgpu]}, "b": {"instances": [mdev]}}
    parents = {"vf", "p"}
    assert list(only_recorded(records, set(), parents)) == [vgpu]
    records["b"] = marked(records["b"])
    assert list(only_recorded(records, set(), parents)) == [vgpu, mdev]
    assert list(only_recorded(records, {("vf", "vf"), ("p", UUID)}, parents)) == []
    assert list(only_recorded(records, set(), set())) == []
    for spoilt in ({"uuid": "../x"}, {"type": 5}, {"attributes": [5]}, {"autostart": None}):
        assert list(only_recorded({"b": marked({"instances": [{**mdev, **spoilt}]})}, set(), parents)) == []
