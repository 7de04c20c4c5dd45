# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.instances import Instances
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused

A40, L40S, T4 = "0000:41:00.0", "0000:84:00.0", "0000:3b:00.0"


@pytest.fixture
def stage(simulated):
    """Return the stage of one card after a reboot; ``late`` maps things to the seconds until they appear."""

    def make(profile, *instances, late=None, **changes):
        host = simulated(profile, **changes)
        host.converge(*instances)
        host.kernel.reboot(late)
        (found,) = Instances.observe(host.root())
        return host, found

    return make


def test_what_exists_is_left_alone_whatever_it_is(stage):
    host, found = stage("l40s", {"type": "NVIDIA L40S-8Q", "parent": L40S, "count": "2"})
    host.converge({"type": "NVIDIA L40S-4Q", "parent": "0000:84:00.4"}, persist=False)
    before = host.devices()
    done, problems = found.run(True, False)
    assert done == []
    assert problems[0].startswith(
        "0000:84:00.4 remains unchanged: it is NVIDIA L40S-4Q on 0000:84:00.4, but the record has NVIDIA L40S-8Q on"
    )
    assert before.items() <= host.devices().items()


def test_one_that_cannot_be_made_does_not_keep_the_others_away(stage):
    host, found = stage("t4", {"type": "GRID T4-2B", "parent": T4, "count": "4"})
    (taken, *others) = [device["uuid"] for device in host.facts("devices")["devices"]]
    host.create("0000:af:00.0", "nvidia-231", taken)
    with pytest.raises(Refused):
        stage("t4", {"type": "GRID T4-2B", "parent": T4}, files={"etc/machine-id": "x"})
    done, problems = found.run(True, False)
    assert done == ["created 3 of GRID T4-2B"]
    assert len(problems) == 1
    assert f"{taken} remains unchanged" in problems[0]


def test_no_room_is_refused_at_first_and_filled_in_the_end(stage):
    host, found = stage("mtty", {"type": "mtty-2", "parent": "mtty", "count": "12"})
    host.create("mtty", "mtty-1", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")
    with pytest.raises(Refused):
        found.run(False, False)
    assert len(host.devices()) == 1
    done, problems = found.run(True, False)
    assert done == ["created 11 of Dual port serial"]
    assert len(problems) == 1
    assert "has room for 0" in problems[0]


def test_failing_writes_are_tried_one_by_one(stage):
    host, found = stage("mtty", {"type": "mtty-1", "parent": "mtty", "count": "3"})
    host.kernel.faults.fail("sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create", 5, ("write",), times=2)
    done, problems = found.run(False, False)
    assert (done, len(problems)) == (["created 2 of Single port serial"], 1)
    assert "EIO" in problems[0]
    assert found.run(False, False) == (["created 1 of Single port serial"], [])


def test_one_that_blocks_ends_it(stage):
    host, found = stage("mtty", {"type": "mtty-1", "parent": "mtty", "count": "3"})
    host.kernel.faults.delay("sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/create", 999)
    begin = host.kernel.clock.now()
    done, problems = found.run(True, False)
    assert done == []
    assert "timed out after 30 s" in problems[0]
    assert host.kernel.clock.now() - begin < 31


def test_parents_that_are_missing_are_one_sentence(stage):
    late = {f"{A40}/vfs": 999}
    host, found = stage("a40", {"type": "NVIDIA A40-8Q", "parent": A40, "count": "2"}, late=late)
    assert found.missing() == "there is no parent 0000:41:00.4, 0000:41:00.5"
    done, problems = found.run(True, False)
    assert (done, problems) == ([], [f"2 of NVIDIA A40-8Q are not created: {found.missing()}"])
    assert host.devices() == {}


def test_half_removed_device_is_told(stage):
    host, found = stage("mtty", {"type": "mtty-1", "parent": "mtty"})
    found.run(True, False)
    (uuid,) = host.devices()
    host.kernel.hold(uuid)
    with pytest.raises(Exception, match="timed out after"):
        host.root().write(f"sys/bus/mdev/devices/{uuid}/remove", "1", timeout=1)
    assert found.run(True, False) == ([], [f"{uuid} is being removed, but a process still has it open"])


def test_names_that_a_full_card_does_not_tell(stage):
    host, found = stage("l40s", {"type": "NVIDIA L40S-48Q", "parent": L40S})
    assert found.run(True, False)[0] == ["created 1 of NVIDIA L40S-48Q"]
    for name in host.files.list("etc/vfio-devices/vgpu_types"):
        host.files.unlink(f"etc/vfio-devices/vgpu_types/{name}")
    host.converge({"type": "NVIDIA L40S-48Q", "parent": "0000:c4:00.0"}, persist=False)
    assert found.run(True, False) == ([], [])


def test_several_sizes_come_back_with_the_mode_that_the_driver_has_forgotten(simulated):
    host = simulated("l40s")
    mix = [
        {"type": f"NVIDIA L40S-{kind}", "parent": L40S, "count": count} for kind, count in (("3Q", "8"), ("6Q", "4"))
    ]
    host.converge(*mix)
    before = host.devices()
    host.kernel.reboot()
    assert not host.devices()
    (found,) = Instances.observe(host.root())
    done, problems = found.run(True, False)
    assert (sorted(done), problems) == (["created 4 of NVIDIA L40S-6Q", "created 8 of NVIDIA L40S-3Q"], [])
    assert host.devices() == before
