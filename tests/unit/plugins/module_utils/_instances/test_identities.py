# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances import identities

T4 = "0000:3b:00.0"
OLD, NOW = {"slot": "1", "gpu": "GPU-1"}, {"slot": "1"}


def test_identities_are_no_part_of_what_the_plan_compares():
    records = {"a": {"instances": [], "identity": OLD}, "b": {"instances": []}, "c": {"instances": [], "identity": 5}}
    assert identities.taken_out(records) == {"a": OLD, "b": {}, "c": {}}
    assert all(record == {"instances": []} for record in records.values())


@pytest.mark.parametrize(
    ("recorded", "now", "identity"),
    [(OLD, NOW, OLD), ({}, NOW, NOW), (OLD, {"gpu": "GPU-2"}, {"gpu": "GPU-2"}), ({}, {}, None)],
)
def test_records_say_of_which_card_they_are(recorded, now, identity):
    state = {"records": {}, "identities": {"a": now}, "recorded_identities": {"a": recorded}}
    steps = [
        {"action": "record", "card": "a", "record": {"instances": [1]}},
        {"action": "forget", "card": "a", "record": None},
        {"action": "create", "card": "a"},
    ]
    first, *others = identities.with_identities(state, {"kept": []}, steps, True)
    assert first["record"] == {"instances": [1], **({"identity": identity} if identity else {})}
    assert others == steps[1:]


@pytest.mark.parametrize(
    ("recorded", "persist", "steps"), [({}, True, 1), (NOW, True, 0), (OLD, True, 0), ({}, False, 0), ({}, None, 0)]
)
@pytest.mark.parametrize("made", [[], [{"action": "create", "card": "a"}]])
def test_record_of_a_card_that_is_kept_learns_which_it_is(recorded, persist, steps, made):
    state = {"records": {"a": {"instances": []}}, "identities": {"a": NOW}, "recorded_identities": {"a": recorded}}
    kept = [] if made else [{"card": "a"}]
    assert len(identities.with_identities(state, {"kept": kept}, made, persist)) == steps + len(made)


def test_run_after_an_update_records_the_card_once(simulated):
    host = simulated("t4")
    path = f"etc/vfio-devices/mdev_instance/{T4}.json"
    host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"})
    assert not host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"})["changed"]
    record = json.loads(host.files.read(path))
    assert record.pop("identity")["subsystem"].startswith("10de:")
    host.files.replace(path, json.dumps(record).encode())
    assert host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"})["changed"]
    assert not host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"})["changed"]
