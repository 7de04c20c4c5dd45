# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test failures, and drivers that report a wrong number of possible devices."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.apply import apply
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import MakeDevice, PlannedDevice

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


T4, SECOND_T4 = "0000:3b:00.0", "0000:af:00.0"


@pytest.mark.parametrize("number", [errno.EEXIST, errno.EINVAL, errno.EUSERS, errno.ENOSPC, errno.EIO, errno.ENODEV])
def test_a_failure_in_the_middle_is_told_and_the_next_run_finishes(simulated, number):
    host = simulated("mtty")
    host.kernel.faults.fail("*/create", number, operations=("write",), skip=2, times=1)
    result = host.converge({"type": "mtty-1", "parent": "mtty", "count": "5"})
    assert (result["changed"], len(result["created"])) == (True, 2)
    (sentence,) = result["failures"]
    assert errno.errorcode[number] in sentence
    assert "on mtty" in sentence
    result = host.converge({"type": "mtty-1", "parent": "mtty", "count": "5"})
    assert (len(result["created"]), len(result["kept"]), result["failures"]) == (3, 2, [])


def test_one_card_that_fails_does_not_stop_the_other(simulated):
    host = simulated("t4")
    host.kernel.faults.fail(f"sys/devices/*/{T4}/mdev_supported_types/*/create", errno.EIO, operations=("write",))
    result = host.converge(
        {"type": "GRID T4-2B", "parent": T4, "count": "2"}, {"type": "GRID T4-2B", "parent": SECOND_T4, "count": "2"}
    )
    assert {parent for parent, kind in host.devices().values()} == {SECOND_T4}
    assert len(result["failures"]) == 1


def test_a_card_that_fails_keeps_no_other_from_being_recorded(simulated):
    host = simulated("t4")
    host.kernel.faults.fail(f"sys/devices/*/{T4}/mdev_supported_types/*/create", errno.EPERM, operations=("write",))
    host.converge(*({"type": "GRID T4-2B", "parent": parent, "count": "2"} for parent in (T4, SECOND_T4)))
    assert host.root().names("etc/vfio-devices/mdev_instance") == [f"{SECOND_T4}.json"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EBUSY, errno.EIO, errno.ERANGE])
def test_a_driver_that_refuses_a_vgpu_type(simulated, number):
    host = simulated("l40s")
    host.kernel.faults.fail("*/current_vgpu_type", number, operations=("write",))
    result = host.converge({"type": "NVIDIA L40S-8Q", "parent": "0000:84:00.4"})
    (sentence,) = result["failures"]
    assert all(part in sentence for part in ("0000:84:00.4", errno.errorcode[number], "). "))
    assert result["changed"] is False


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EUSERS])
@pytest.mark.parametrize(
    ("profile", "parent", "attribute", "old", "new"),
    [
        ("t4", T4, "create", "GRID T4-2B", "GRID T4-1B"),
        ("l40s", "0000:84:00.0", "current_vgpu_type", "NVIDIA L40S-8Q", "NVIDIA L40S-4Q"),
    ],
)
def test_max_fails_where_not_even_one_is_made(simulated, monkeypatch, profile, parent, attribute, old, new, number):
    host = simulated(profile)
    made = len(host.converge({"type": old, "parent": parent, "count": "max"})["created"])
    write = host.files.write

    def refuse(path, data):
        if path.endswith(attribute) and data != b"0":
            raise OSError(number, "")
        write(path, data)

    monkeypatch.setattr(host.files, "write", refuse)
    result = host.converge({"type": new, "parent": parent, "count": "max"}, exact=True)
    (sentence,) = result["failures"]
    assert errno.errorcode[number] in sentence
    assert sentence.endswith(f". Removed from {parent} before: {made}")
    assert (result["changed"], len(result["removed"]), result["created"]) == (True, made, [])
    monkeypatch.undo()
    again = host.converge({"type": new, "parent": parent, "count": "max"}, exact=True)
    assert again["created"]
    assert again["failures"] == []


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize(
    ("profile", "parent", "kind", "attribute"),
    [
        ("t4", T4, "GRID T4-2B", "create"),
        ("l40s", "0000:84:00.0", "NVIDIA L40S-8Q", "current_vgpu_type"),
    ],
)
def test_max_fails_where_the_driver_still_offers_what_it_refused(simulated, profile, parent, kind, attribute, before):
    host = simulated(profile)
    if before:
        host.converge({"type": kind, "parent": parent})
    host.kernel.faults.fail(f"*/{attribute}", errno.EIO, operations=("write",), skip=2, times=1)
    result = host.converge({"type": kind, "parent": parent, "count": "max"})
    assert (len(result["created"]), len(result["kept"])) == (2, before)
    (sentence,) = result["failures"]
    assert "kernel log" in sentence
    assert "removed" not in sentence
    again = host.converge({"type": kind, "parent": parent, "count": "max"})
    assert (len(again["kept"]), again["failures"]) == (2 + before, [])


@pytest.mark.parametrize("left", [b"0\n", None])
def test_max_is_what_there_is_where_the_driver_offers_no_more(simulated, left):
    host = simulated("t4")
    root = host.root()
    host.kernel.faults.fail("*/create", errno.EIO, operations=("write",), skip=3)
    kind = next(one["id"] for one in host.facts()["parents"][0]["types"] if one["name"] == "GRID T4-2B")
    devices = [PlannedDevice(T4, T4, "mdev", UUID[:-1] + str(number), None, kind, None) for number in range(5)]
    steps = [MakeDevice(T4, device, best_effort=number > 0) for number, device in enumerate(devices)]
    offered = f"sys/class/mdev_bus/{T4}/mdev_supported_types/{kind}/available_instances"
    if left is None:
        host.kernel.faults.fail(offered, errno.EINVAL)
    else:
        host.kernel.faults.content(offered, left)
    outcome = apply(root, steps)
    assert (outcome.done, outcome.failed, outcome.skipped) == (steps[:3], [], steps[3:])
    assert f"{T4} counts as full: {T4} rejected one more of type {kind} (EIO) after 3 of 5" in root.warnings[-1]


def test_max_takes_what_a_driver_gives_when_its_numbers_lie(simulated):
    host = simulated("mtty")
    host.kernel.faults.fail("*/create", errno.ENOSPC, operations=("write",), skip=3)
    result = host.converge({"type": "mtty-1", "parent": "mtty", "count": "max"})
    assert (len(result["created"]), result["failures"]) == (3, [])
    assert host.root().names("etc/mdevctl.d/mtty") == sorted(result["created"])
    record = json.loads(host.root().read("etc/vfio-devices/mdev_instance/mtty.json"))
    assert [instance["uuid"] for instance in record["instances"]] == sorted(result["created"])


def test_a_kernel_that_accepts_and_does_nothing_is_found_out(simulated, monkeypatch):
    host = simulated("mtty")
    original = host.files.write
    monkeypatch.setattr(host.files, "write", lambda path, data: path.endswith("/create") or original(path, data))
    result = host.converge({"type": "mtty-1", "parent": "mtty"})
    assert "the kernel accepted" in result["failures"][0]
    assert result["changed"] is False
