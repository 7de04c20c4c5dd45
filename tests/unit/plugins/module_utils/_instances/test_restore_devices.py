# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a replacement that fails halfway restores the previous devices."""

from __future__ import annotations

import errno
from collections import Counter

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.restore_devices import describe
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import KeepDevices, SetHeterogeneousMode
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Arrival

L40S, A40, T4 = "0000:84:00.0", "0000:41:00.0", "0000:3b:00.0"


def entry(kind, card, count="max", **fields):
    return {"type": kind, "parent": card, "count": str(count), **fields}


def refuse(host, monkeypatch, beginning, type_ids):
    """Let the driver reject new devices of some types."""
    write = host.files.write

    def answer(path, data):
        if any(f"/{one}/create" in path or (path.endswith(beginning) and data == one.encode()) for one in type_ids):
            raise OSError(errno.EIO, "")
        write(path, data)

    monkeypatch.setattr(host.files, "write", answer)


@pytest.mark.parametrize(
    ("profile", "card", "old", "new", "type_id"),
    [
        ("t4", T4, "GRID T4-2B", "GRID T4-4Q", "nvidia-232"),
        ("a40", A40, "NVIDIA A40-8Q", "NVIDIA A40-12Q", "nvidia-563"),
        ("l40s", L40S, "NVIDIA L40S-8Q", "NVIDIA L40S-12Q", "1153"),
    ],
)
def test_a_type_that_the_driver_refuses(simulated, monkeypatch, profile, card, old, new, type_id):
    host = simulated(profile)
    params = [] if profile == "l40s" else [{"nvidia/vgpu_params": "frame_rate_limiter=0"}]
    number = len(host.converge(entry(old, card, attributes=params))["created"])
    before = host.devices()
    kept = host.files.list("etc/vfio-devices/mdev_instance")
    refuse(host, monkeypatch, "current_vgpu_type", [type_id])
    result = host.converge(entry(new, card), exact=True)
    assert result["failures"][0].endswith(f". Removed from {card} before: {number}. Created again: {number}")
    assert (result["changed"], result["removed"], result["created"]) == (False, [], [])
    assert host.devices() == before
    assert host.files.list("etc/vfio-devices/mdev_instance") == kept
    monkeypatch.undo()
    assert not host.converge(entry(old, card, attributes=params), exact=True)["changed"]
    assert host.converge(entry(new, card), exact=True)["created"] or profile == "l40s"


@pytest.mark.parametrize(
    ("profile", "card", "old", "new", "type_id"),
    [
        ("t4", T4, "GRID T4-2B", "GRID T4-4Q", "nvidia-232"),
        ("l40s", L40S, "NVIDIA L40S-8Q", "NVIDIA L40S-12Q", "1153"),
    ],
)
def test_a_device_that_is_used_as_soon_as_it_is_back_stays(simulated, monkeypatch, profile, card, old, new, type_id):
    host = simulated(profile)
    params = [{"nvidia/vgpu_params": "frame_rate_limiter=0"}]
    (name,) = host.converge(entry(old, card, 1, attributes=params))["created"]
    host.files = Arrival(host)
    refuse(host, monkeypatch, "current_vgpu_type", [type_id])
    host.kernel.faults.fail("*/nvidia/vgpu_params", errno.EINVAL, operations=("write",))
    host.converge(entry(new, card), exact=True)
    host.kernel.faults.clear()
    assert [device["type_name"] for device in host.facts()["devices"] if device["state"] == "active"] == [old]
    assert name in host.devices()


def test_a_mode_that_cannot_be_enabled(simulated):
    host = simulated("l40s")
    host.converge(entry("NVIDIA L40S-3Q", L40S, 16))
    before = host.devices()
    host.kernel.nvidia_smi.deaf.add(L40S)
    wanted = [entry("NVIDIA L40S-3Q", L40S, 8), entry("NVIDIA L40S-6Q", L40S, 4)]
    result = host.converge(*wanted, exact=True)
    assert result["failures"][0].endswith(f". Removed from {L40S} before: 16. Created again: 16")
    assert host.devices() == before


def test_new_devices_stay(simulated, monkeypatch):
    host = simulated("l40s")
    host.converge(entry("NVIDIA L40S-8Q", L40S))
    host.kernel.faults.fail("*/current_vgpu_type", errno.EINVAL, operations=("write",), skip=8, times=1)
    result = host.converge(entry("NVIDIA L40S-12Q", L40S, 4), exact=True)
    assert result["failures"][0].endswith(f". Removed from {L40S} before: 6")
    assert {device["type_name"] for device in host.facts()["devices"]} == {"NVIDIA L40S-12Q"}


@pytest.mark.parametrize(
    ("step", "removed", "again", "text"),
    [
        (SetHeterogeneousMode("c"), 0, 0, ""),
        (SetHeterogeneousMode("c"), 2, 0, ". Removed from c before: 2"),
        (SetHeterogeneousMode("c"), 2, 1, ". Removed from c before: 2. Created again: 1"),
        (KeepDevices("c", "record", None), 2, 0, ""),
    ],
)
def test_what_a_failure_says(step, removed, again, text):
    assert describe(step, removed, again) == text


def names_of(host):
    return Counter(one["type_name"] for one in host.facts("devices")["devices"] if one["state"] == "active")


@pytest.mark.parametrize(
    ("profile", "card", "before", "after"),
    [
        ("l40s", L40S, {"NVIDIA L40S-3Q": 16}, {"NVIDIA L40S-3Q": 8, "NVIDIA L40S-6Q": 4}),
        ("t4", "0000:3b:00.0", {"GRID T4-2B": 8}, {"GRID T4-2B": 4, "GRID T4-2Q": 4}),
    ],
)
def test_each_write_in_turn_fails_and_no_card_is_left_empty(simulated, monkeypatch, profile, card, before, after):
    """All previous devices exist again. If new devices exist, at least the devices to keep exist."""
    new = set(after) - set(before)
    for failing in (0, 5, 8, 16, 17, 25, 28):
        host = simulated(profile)
        host.converge(*(entry(name, card, count) for name, count in before.items()), exact=True)
        old, number, write = host.devices(), iter(range(10**6)), host.files.write

        def fail_once(path, data, number=number, failing=failing, write=write):
            if path.startswith("sys/") and next(number) == failing:
                raise OSError(errno.EIO, "Input/output error")
            return write(path, data)

        monkeypatch.setattr(host.files, "write", fail_once)
        wanted = [entry(name, card, count) for name, count in after.items()]
        result = host.converge(*wanted, exact=True)
        done = next(number) <= failing
        names = names_of(host)
        assert bool(result["failures"]) is not done
        if done:
            assert names == after
        elif not new & set(names):
            assert host.devices() == old
        else:
            assert all(names[name] == after[name] for name in set(before) & set(after))
        host.converge(*wanted, exact=True)
        assert names_of(host) == after
        if done:
            break
