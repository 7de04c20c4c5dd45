# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that devices in use are not changed."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt
from ansible_collections.vfio.devices.tests.unit.domains import told

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


T4, SECOND_T4 = "0000:3b:00.0", "0000:af:00.0"


def test_a_device_in_use_is_refused_and_nothing_is_written(simulated):
    host = simulated("t4")
    created = host.converge({"type": "GRID T4-2B", "parent": T4, "count": "3"})["created"]
    host.kernel.hold(created[1], pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    before = host.devices()
    with pytest.raises(Refused) as refused:
        host.converge({"type": "GRID T4-1B", "parent": T4, "count": "3"}, exact=True)
    assert len(refused.value.problems) == 1
    assert created[1] in str(refused.value)
    assert "in use by guest web1 (pid 4242, qemu-system-x86)" in str(refused.value)
    assert host.devices() == before


def test_a_device_that_a_stopped_guest_has_is_in_use(simulated, monkeypatch):
    host = simulated("mtty")
    host.converge({"type": "mtty-1", "parent": "mtty", "uuid": UUID})
    domains = {UUID: [{"name": "spare", "running": False}]}
    monkeypatch.setattr(libvirt, "query_daemon", lambda root: told(domains))
    with pytest.raises(Refused, match=r"in use by guest spare \(defined\)"):
        host.converge({"uuid": UUID}, state="absent")
    assert host.converge({"uuid": UUID}, state="absent", on_busy="skip")["changed"] is False


def test_skip_does_the_rest(simulated):
    host = simulated("mtty")
    created = host.converge({"type": "mtty-1", "parent": "mtty", "count": "4"})["created"]
    host.kernel.hold(created[0], pid=4242)
    result = host.converge({"type": "mtty-2", "parent": "mtty", "count": "2"}, exact=True, on_busy="skip")
    assert (len(result["removed"]), len(result["created"])) == (3, 2)
    assert [(busy["uuid"], busy["users"][0]["pid"]) for busy in result["busy"]] == [(created[0], 4242)]
    assert created[0] in host.devices()


def test_a_gpu_of_one_type_is_changed_whole_or_not_at_all(simulated):
    host = simulated("t4")
    created = host.converge({"type": "GRID T4-2B", "parent": T4, "count": "4"})["created"]
    host.kernel.hold(created[0], pid=4242)
    before = host.devices()
    first = {"type": "GRID T4-1B", "parent": T4, "count": "4"}
    second = {"type": "GRID T4-1B", "parent": SECOND_T4, "count": "4"}
    result = host.converge(first, second, exact=True, on_busy="skip")
    assert (len(result["created"]), result["removed"]) == (4, [])
    assert result["missing"] == [{"item": 0, "types": ["GRID T4-1B"], "count": 4}]
    assert created[0] in [busy["uuid"] for busy in result["busy"]]
    assert before.items() <= host.devices().items()


def test_shrinking_keeps_the_devices_in_use(simulated):
    host = simulated("mtty")
    created = host.converge({"type": "mtty-1", "parent": "mtty", "count": "4"})["created"]
    for uuid in created[2:]:
        host.kernel.hold(uuid)
    result = host.converge({"type": "mtty-1", "parent": "mtty", "count": "2"}, exact=True)
    assert sorted(result["kept"]) == sorted(created[2:])


def test_a_holder_that_comes_after_the_check(simulated, monkeypatch):
    host = simulated("mtty")
    created = host.converge({"type": "mtty-1", "parent": "mtty", "count": "2"})["created"]
    original = host.files.write

    def hold_first(path, data):
        if path.endswith(f"{created[0]}/remove"):
            host.kernel.hold(created[0], pid=4242)
        original(path, data)

    monkeypatch.setattr(host.files, "write", hold_first)
    result = host.converge({"parent": "mtty"}, state="absent")
    assert len(result["failures"]) == 1
    assert "timed out after 30 s" in result["failures"][0]
    assert "pending" in result["failures"][0]
    monkeypatch.undo()
    assert [device["state"] for device in host.facts()["devices"] if device["uuid"] == created[0]] == ["removing"]
    host.kernel.release(created[0])
    host.converge({"parent": "mtty"}, state="absent")
    assert host.facts()["devices"] == []


def test_skip_leaves_a_named_device_of_another_type_that_is_in_use(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-1", "parent": "mtty", "uuid": UUID})
    host.kernel.hold(UUID)
    result = host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID}, on_busy="skip")
    assert (result["changed"], result["failures"]) == (False, [])
    assert result["missing"] == [{"item": 0, "types": ["mtty-2"], "count": 1}]


@pytest.mark.parametrize("seconds", [0, 6])
@pytest.mark.parametrize(("profile", "parent", "kind"), [("mtty", "mtty", "mtty-1"), ("t4", T4, "GRID T4-2B")])
def test_a_guest_that_starts_while_others_are_removed(simulated, monkeypatch, profile, parent, kind, seconds):
    host = simulated(profile)
    host.converge({"parent": parent, "type": kind, "count": "4"})
    last = sorted(host.devices())[-1]
    write = host.files.write

    def slow(path, data):
        write(path, data)
        if path.endswith("/remove") and not host.kernel.device(last).holders:
            host.kernel.hold(last, pid=4242)
            host.files.pause(seconds)

    monkeypatch.setattr(host.files, "write", slow)
    before = host.files.now()
    result = host.converge({"parent": parent}, state="absent")
    assert host.files.now() - before < 10
    assert f"cannot remove {last}" in result["failures"][0]
    assert (
        "guest simulated (pid 4242, qemu-system-x86) started to use it during the run, so it remains"
        in result["failures"][0]
    )
    assert (len(result["removed"]), list(host.devices())) == (3, [last])
