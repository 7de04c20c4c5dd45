# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.apply import apply
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition, Device
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import (
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
)

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
VF = "0000:84:00.4"


def create(uuid=UUID, type_id="mtty-1", card="mtty", attributes=()):
    return MakeDevice(card, PlannedDevice(card, card, "mdev", uuid, None, type_id, None, attributes))


def remove(uuid=UUID):
    return RemoveDevice("mtty", Device("mtty", "mdev", uuid, type_id="mtty-1"))


def make_vgpu(type_id):
    return MakeDevice(VF, PlannedDevice(VF, VF, "vendor_vfio", None, VF, type_id, None))


def remove_vgpu(type_id):
    return RemoveDevice(VF, Device(VF, "vendor_vfio", address=VF, type_id=type_id))


def current(host):
    return host.root().read(f"sys/bus/pci/devices/{VF}/nvidia/current_vgpu_type")


def test_each_step_is_done_and_read_back(simulated):
    host = simulated("mtty")
    definition = Definition("mtty-1", True)
    define = KeepDefinition("mtty", "mtty", UUID, definition, prevents_creation=False)
    record = KeepDevices("mtty", "record", {"instances": []})
    steps = [create(), define, record]
    outcome = apply(host.root(), steps)
    assert (outcome.done, outcome.failed, outcome.skipped) == (steps, [], [])
    assert host.devices() == {UUID: ("mtty", "mtty-1")}
    assert host.facts()["devices"][0]["autostart"] is True
    assert host.files.exists("etc/vfio-devices/mdev_instance/mtty.json")


def test_a_type_is_cleared_before_the_next_one(simulated):
    host = simulated("l40s")
    types = [offered["id"] for offered in host.facts()["parents"][0]["types"][:2]]
    apply(host.root(), [make_vgpu(types[0])])
    assert current(host) == types[0]
    outcome = apply(host.root(), [remove_vgpu(types[0]), make_vgpu(types[1])])
    assert (len(outcome.done), outcome.failed, current(host)) == (2, [], types[1])


def test_the_same_type_is_never_written_again(simulated, monkeypatch):
    host = simulated("l40s")
    type_id = host.facts()["parents"][0]["types"][0]["id"]
    apply(host.root(), [make_vgpu(type_id)])
    monkeypatch.setattr(host.files, "write", lambda path, data: pytest.fail(f"{data!r} was written to {path}"))
    assert apply(host.root(), [make_vgpu(type_id)]).failed == []


OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_a_device_that_goes_when_the_next_one_comes_is_a_failure(simulated, monkeypatch):
    host = simulated("mtty")
    original = host.files.write

    def take_back(path, data):
        original(path, data)
        if data == OTHER.encode():
            original(f"sys/bus/mdev/devices/{UUID}/remove", b"1")

    monkeypatch.setattr(host.files, "write", take_back)
    outcome = apply(host.root(), [create(), create(OTHER)])
    assert [step.device.uuid for step in outcome.done] == [OTHER]
    assert [one.error for one in outcome.failed] == [
        f"cannot create {UUID} of type mtty-1 on mtty: it was created, but has disappeared"
    ]


def test_a_type_that_does_not_stay_is_a_failure(simulated, monkeypatch):
    host = simulated("l40s")
    type_id = host.facts()["parents"][0]["types"][0]["id"]
    record = KeepDevices(VF, "record", None)
    remove_file = host.files.unlink

    def clear(path):
        host.files.write(f"sys/bus/pci/devices/{VF}/nvidia/current_vgpu_type", b"0")
        remove_file(path)

    monkeypatch.setattr(host.files, "unlink", clear)
    outcome = apply(host.root(), [make_vgpu(type_id), record])
    assert outcome.done == [record]
    assert outcome.failed[0].error.endswith("it was created, but has disappeared")


def test_a_device_that_went_by_itself_is_removed(simulated):
    assert apply(simulated("mtty").root(), [remove()]).failed == []


@pytest.mark.parametrize(
    ("type_id", "number", "words"),
    [
        ("mtty-1", errno.EEXIST, "Another device has this UUID"),
        ("mtty-1", errno.EINVAL, "The kernel does not accept this value"),
        ("mtty-1", errno.ENODEV, "The parent is being removed with its driver"),
        ("mtty-1", errno.ENOMEM, "out of memory"),
        ("mtty-1", errno.EAGAIN, "not ready yet"),
        ("mtty-1", errno.EUSERS, "no free instance"),
        ("mtty-1", errno.ENOSPC, "no room left"),
        ("mtty-1", errno.EIO, "kernel log"),
        ("mtty-1", errno.EPERM, "does not allow it"),
        ("mtty-1", errno.EACCES, "Run as root"),
    ],
)
def test_what_each_errno_means(simulated, type_id, number, words):
    host = simulated("mtty")
    host.kernel.faults.fail("*/create", number, operations=("write",))
    (failed,) = apply(host.root(), [create()]).failed
    assert failed.error.startswith(f"cannot create {UUID} of type mtty-1 on mtty: cannot write '{UUID}' to ")
    assert f"{errno.errorcode[number]} (" in failed.error
    assert words in failed.error


def test_after_a_failure_its_card_is_left_and_others_go_on(simulated):
    host = simulated("mtty")
    steps = [create(card="gone"), create("x" * 36, card="gone"), create()]
    outcome = apply(host.root(), steps)
    assert (outcome.done, outcome.skipped) == ([steps[2]], [steps[1]])
    assert [one.step.device.uuid for one in outcome.failed] == [UUID]


def test_after_a_deadline_nothing_more_is_tried(simulated):
    host = simulated("mtty")
    apply(host.root(), [create()])
    host.kernel.hold(UUID)
    later = create(OTHER, card="other")
    outcome = apply(host.root(), [remove(), later])
    assert (outcome.done, outcome.skipped) == ([], [later])
    assert (
        "s, because the device is in use. The change remains pending in the kernel. Stop the user of the device, and "
        "run the play again"
    ) in outcome.failed[0].error


@pytest.mark.parametrize("type_id, failed", [("mtty-1", 0), ("mtty-2", 1)])
def test_mdevctl_may_make_the_same_device_at_the_same_moment(simulated, type_id, failed):
    host = simulated("mtty")
    host.create("mtty", type_id, UUID)
    outcome = apply(host.root(), [create(attributes=(("no_such", "1"),))])
    assert len(outcome.failed) == failed
    assert host.devices() == {UUID: ("mtty", type_id)}
