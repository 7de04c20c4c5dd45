# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the engine of mdev_instance on simulated hosts."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt
from ansible_collections.vfio.devices.plugins.module_utils._instances.apply import apply
from ansible_collections.vfio.devices.plugins.module_utils._model.work import MakeDevice, PlannedDevice
from ansible_collections.vfio.devices.tests.unit.domains import told
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Arrival

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"
T4, SECOND_T4 = "0000:3b:00.0", "0000:af:00.0"

# Profile, parent, type, its maximum number, and another type.
CARDS = [
    ("t4", T4, "GRID T4-2B", 8, "GRID T4-1B"),
    ("a40", "0000:41:00.0", "NVIDIA A40-8Q", 6, "NVIDIA A40-4Q"),
    ("l40s", "0000:84:00.0", "NVIDIA L40S-8Q", 6, "NVIDIA L40S-4Q"),
    ("mtty", "mtty", "mtty-2", 12, "mtty-1"),
    ("mdpy", "mdpy", "mdpy-vga", 4, "mdpy-hd"),
    ("mbochs", "mbochs", "mbochs-medium", 16, "mbochs-large"),
    ("gvt", "0000:00:02.0", "GVTg_V5_4", 4, "GVTg_V5_8"),
]


def counts(result):
    """Return the counts; a replaced device counts as one removed and one created."""
    replaced = len(result["replaced"])
    numbers = {
        "created": len(result["created"]) + replaced,
        "removed": len(result["removed"]) + replaced,
        "kept": len(result["kept"]),
    }
    return {action: number for action, number in numbers.items() if number}


@pytest.mark.parametrize(("profile", "parent", "kind", "most", "other"), CARDS)
def test_the_life_of_a_card(simulated, profile, parent, kind, most, other):
    host = simulated(profile)
    steps = [
        ({"type": kind, "count": "2"}, {"created": 2}),
        ({"type": kind, "count": "3"}, {"created": 1, "kept": 2}),
        ({"type": kind, "count": "max"}, {"created": most - 3, "kept": 3}),
        ({"type": kind, "count": "1"}, {"removed": most - 1, "kept": 1}),
        ({"type": other, "count": "2"}, {"created": 2, "removed": 1}),
        ({"type": [kind, other], "count": "2"}, {"kept": 2}),
    ]
    for step, expected in steps:
        instance = {"parent": parent, **step}
        predicted = host.converge(instance, exact=True, check=True)
        result = host.converge(instance, exact=True)
        assert counts(result) == expected
        assert result == predicted
        again = host.converge(instance, exact=True)
        assert again["changed"] is False
        assert counts(again) == {"kept": len(result["created"] + result["replaced"] + result["kept"])}
        assert again["diff"]["before"] == again["diff"]["after"] == result["diff"]["after"]
    host.converge({"parent": parent}, state="absent")
    assert host.devices() == host.devices("defined") == {}
    assert host.converge({"parent": parent}, state="absent")["changed"] is False


def test_check_mode_writes_nothing(simulated):
    host = simulated("mtty")
    nodes = dict(host.kernel.tree.nodes)
    assert host.converge({"type": "mtty-1", "count": "3"}, check=True)["changed"]
    assert host.kernel.tree.nodes == nodes


def test_uuids_are_those_of_a_rebuilt_host(simulated):
    first, second = simulated("t4"), simulated("t4")
    instance = {"type": "GRID T4-2B", "parent": T4, "count": "3"}
    assert first.converge(instance)["created"] == second.converge(instance)["created"]
    other = simulated("t4", name="another")
    assert other.converge(instance)["created"] != first.converge(instance)["kept"]


def test_uuids_of_kept_devices_stay_over_shrinking_and_growing(simulated):
    host = simulated("mtty")
    full = host.converge({"type": "mtty-1", "parent": "mtty", "count": "4"})["created"]
    kept = host.converge({"type": "mtty-1", "parent": "mtty", "count": "2"}, exact=True)["kept"]
    assert set(kept) < set(full)
    assert set(host.converge({"type": "mtty-1", "parent": "mtty", "count": "4"})["created"]) == set(full) - set(kept)


def test_chosen_uuid_and_its_change_of_type(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-1", "parent": "mtty", "uuid": UUID.upper()})
    assert host.devices() == {UUID: ("mtty", "mtty-1")}
    result = host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID})
    assert (result["replaced"], result["created"], result["removed"]) == ([UUID], [], [])
    assert host.devices() == {UUID: ("mtty", "mtty-2")}


def test_a_virtual_function_that_is_named_is_replaced(simulated):
    host = simulated("l40s")
    host.converge({"type": "NVIDIA L40S-4Q", "parent": "0000:84:00.4"})
    result = host.converge({"type": "NVIDIA L40S-8Q", "parent": "0000:84:00.4"})
    assert result["replaced"] == ["0000:84:00.4"]
    assert result["instances"][0]["type_name"] == "NVIDIA L40S-8Q"


def test_a_full_gpu_still_knows_the_names_of_its_types(simulated):
    host = simulated("l40s")
    host.converge({"type": "NVIDIA L40S-48Q", "parent": "0000:84:00.0", "count": "max"})
    host.converge({"type": "NVIDIA L40S-48Q", "parent": "0000:c4:00.0", "count": "max"})
    device = host.facts()["devices"][0]
    assert device["type_name"] == "NVIDIA L40S-48Q"
    result = host.converge({"type": "NVIDIA L40S-24Q", "parent": "0000:84:00.0", "count": "max"}, exact=True)
    assert len(result["created"] + result["replaced"]) == 2


def test_without_exact_nothing_is_removed(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-2", "parent": "mtty", "count": "3"})
    result = host.converge({"type": "mtty-1", "parent": "mtty", "count": "2"})
    assert (len(result["created"]), result["removed"]) == (2, [])
    assert host.converge({"type": "mtty-2", "parent": "mtty"})["changed"] is False


def test_exact_leaves_other_parents_alone(simulated):
    host = simulated("t4")
    host.converge({"type": "GRID T4-2B", "parent": SECOND_T4, "count": "2"})
    host.converge({"type": "GRID T4-1B", "parent": T4, "count": "2"}, exact=True)
    assert sorted(parent for parent, kind in host.devices().values()) == [T4, T4, SECOND_T4, SECOND_T4]


@pytest.mark.parametrize(("placement", "numbers"), [("spread", [2, 2]), ("pack", [4])])
def test_parents_are_chosen(simulated, placement, numbers):
    host = simulated("t4")
    result = host.converge({"type": "GRID T4-2B", "count": "4"}, placement=placement)
    parents = [instance["parent"] for instance in result["instances"]]
    assert sorted(map(parents.count, set(parents))) == numbers
    assert host.converge({"type": "GRID T4-2B", "count": "4"}, placement=placement)["changed"] is False


def test_numa_node_limits_the_choice(simulated):
    host = simulated("t4")
    result = host.converge({"type": "GRID T4-2B", "count": "4", "numa_node": 1})
    assert {instance["parent"] for instance in result["instances"]} == {SECOND_T4}
    with pytest.raises(Refused, match="8 more of GRID T4-2B are requested"):
        host.converge({"type": "GRID T4-2B", "count": "12", "numa_node": 1})
    with pytest.raises(Refused, match="no such parent is on NUMA node 7"):
        host.converge({"type": "GRID T4-2B", "numa_node": 7})


def test_types_in_order_of_preference(simulated):
    host = simulated("t4")
    host.converge({"type": "GRID T4-1B", "parent": T4})
    result = host.converge({"type": ["GRID T4-16Q", "GRID T4-1B"], "parent": T4, "count": "3"})
    assert {instance["type_name"] for instance in result["instances"]} == {"GRID T4-1B"}
    result = host.converge({"type": ["nosuch", "GRID T4-16Q", "GRID T4-1B"], "parent": SECOND_T4})
    assert {instance["type_name"] for instance in result["instances"]} == {"GRID T4-16Q"}


def test_attributes_in_their_order(simulated):
    host = simulated("s390")
    attributes = [{"assign_adapter": "5"}, {"assign_adapter": "6"}, {"assign_domain": "4"}]
    instance = {"type": "vfio_ap-passthrough", "parent": "matrix", "uuid": UUID, "attributes": attributes}
    assert host.converge(instance)["created"] == [UUID]
    assert host.root().read(f"sys/bus/mdev/devices/{UUID}/matrix") == "05.0004\n06.0004"
    assert host.converge(instance)["changed"] is False
    definition = json.loads(host.root().read(f"etc/mdevctl.d/matrix/{UUID}"))
    assert definition == {"mdev_type": "vfio_ap-passthrough", "start": "auto", "attrs": attributes}
    instance["attributes"] = attributes[1:]
    assert host.converge(instance)["replaced"] == [UUID]
    assert host.root().read(f"sys/bus/mdev/devices/{UUID}/matrix") == "06.0004"


def test_a_device_whose_attribute_fails_is_not_left_half_done(simulated):
    host = simulated("s390")
    attributes = [{"assign_adapter": "5"}, {"assign_adapter": "9999"}]
    result = host.converge({"type": "vfio_ap-passthrough", "uuid": UUID, "attributes": attributes})
    assert "cannot write '9999'" in result["failures"][0]
    assert "ENODEV" in result["failures"][0]
    assert host.devices() == {}


@pytest.mark.parametrize(
    ("hidden", "said"), [(False, "in use by guest web1"), (True, "users of the devices to change")]
)
def test_a_device_whose_attribute_fails_stays_if_it_is_used_already(simulated, hidden, said):
    host = simulated("s390")
    host.files = Arrival(host, hidden)
    attributes = [{"assign_adapter": "5"}, {"assign_adapter": "9999"}]
    result = host.converge({"type": "vfio_ap-passthrough", "uuid": UUID, "attributes": attributes})
    assert "cannot write '9999'" in result["failures"][0]
    assert said in result["failures"][0]
    assert f"{UUID} remains without this attribute" in result["failures"][0]
    assert list(host.devices()) == [UUID]


def test_a_vgpu_whose_parameters_fail_keeps_its_type_if_it_is_used_already(simulated):
    host = simulated("l40s")
    host.files = Arrival(host)
    host.kernel.faults.fail("*/nvidia/vgpu_params", errno.EINVAL, operations=("write",))
    parameters = {"attributes": [{"nvidia/vgpu_params": "frame_rate_limiter=0"}]}
    result = host.converge({"type": "NVIDIA L40S-8Q", "parent": "0000:84:00.0", "count": 1, **parameters})
    assert "remains without this attribute, because it is in use by guest web1" in result["failures"][0]
    assert len(host.devices()) == 1


# Users of devices


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
    monkeypatch.setattr(libvirt, "ask", lambda root: told(domains))
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


# Answers of drivers


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
    assert all(part in sentence for part in ("0000:84:00.4", errno.errorcode[number], "; "))
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


# Persistence


def test_definitions_are_those_of_mdevctl_and_go_with_the_device(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID, "autostart": False})
    expected = '{\n  "mdev_type": "mtty-2",\n  "start": "manual",\n  "attrs": []\n}'
    assert host.files.read(f"etc/mdevctl.d/mtty/{UUID}").decode() == expected
    assert host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID, "autostart": True})["changed"]
    assert b'"auto"' in host.files.read(f"etc/mdevctl.d/mtty/{UUID}")
    host.converge({"uuid": UUID}, state="absent")
    assert not host.files.exists(f"etc/mdevctl.d/mtty/{UUID}")
    assert not host.files.exists("etc/vfio-devices/mdev_instance/mtty.json")


def test_without_persist_nothing_is_kept(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID}, persist=False)
    assert host.root().names("etc/mdevctl.d/mtty") == []
    assert host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID})["changed"]
    assert host.root().names("etc/mdevctl.d/mtty") == [UUID]


def test_what_is_only_defined_is_made_again(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID})
    host.converge({"type": "mtty-2", "parent": "mtty", "count": "3"})
    before = host.devices()
    host.kernel.reboot()
    assert host.devices() == {}
    result = host.converge({"type": "mtty-2", "parent": "mtty", "count": "3"}, exact=True)
    assert (len(result["created"]), result["removed"]) == (3, [])
    assert host.devices() == before


def test_exact_removes_definitions_that_are_not_listed(simulated):
    host = simulated("mtty")
    host.files.replace(f"etc/mdevctl.d/mtty/{OTHER}", b'{"mdev_type": "mtty-1", "start": "auto", "attrs": []}')
    host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID})
    assert host.devices("defined") == {OTHER: ("mtty", "mtty-1")}
    result = host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID}, exact=True)
    assert result["removed"] == [OTHER]
    assert host.devices("defined") == {}


@pytest.mark.parametrize(
    "record", [b"{}", b'{"instances": 3}', b'{"instances": [{}]}', b'{"instances": [[]]}', b"nonsense"]
)
def test_a_record_of_somebody_else_does_no_harm(simulated, record):
    host = simulated("l40s")
    host.files.replace("etc/vfio-devices/mdev_instance/0000:84:00.0.json", record)
    host.files.replace("etc/vfio-devices/vgpu_types/10de-26b9.json", b'{"1": {"a": 1}, "2": null}')
    instance = {"type": "NVIDIA L40S-8Q", "parent": "0000:84:00.4"}
    assert host.converge(instance)["changed"]
    assert host.converge(instance)["changed"] is False


def test_skip_leaves_a_named_device_of_another_type_that_is_in_use(simulated):
    host = simulated("mtty")
    host.converge({"type": "mtty-1", "parent": "mtty", "uuid": UUID})
    host.kernel.hold(UUID)
    result = host.converge({"type": "mtty-2", "parent": "mtty", "uuid": UUID}, on_busy="skip")
    assert (result["changed"], result["failures"]) == (False, [])
    assert result["missing"] == [{"item": 0, "types": ["mtty-2"], "count": 1}]


FULL = [(errno.ENOSPC, "its file system is full"), (errno.EROFS, "its file system is read-only")]
WRONG_ADVICE = (
    "room left",
    "licence",
    "kernel log",
    "driver",
    "it does not exist. Gather the facts again",
    "parent is",
)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("place", ["etc/vfio-devices/mdev_instance/*", "etc/mdevctl.d/*"])
@pytest.mark.parametrize(("number", "remedy"), FULL)
def test_files_that_cannot_be_written_are_found_before_the_first_change(simulated, number, remedy, place, check):
    host = simulated("t4")
    host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"})
    before = host.devices()
    host.kernel.faults.fail(place, number, operations=("write",))
    both = [{"type": "GRID T4-1B", "parent": parent, "count": "2"} for parent in (T4, SECOND_T4)]
    with pytest.raises(Refused) as refused:
        host.converge(*both, exact=True, check=check)
    assert host.devices() == before
    assert remedy in str(refused.value)
    assert not [words for words in WRONG_ADVICE if words in str(refused.value)]
    assert host.converge(*both, exact=True, check=True, persist=None)["changed"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENOENT, errno.EPERM, errno.EBUSY])
def test_errors_of_files_come_without_advice_about_cards(simulated, monkeypatch, number):
    host = simulated("mtty")

    def fail(path, data):
        raise OSError(number, "")

    monkeypatch.setattr(host.files, "replace", fail)
    (sentence,) = host.converge({"type": "mtty-1", "parent": "mtty"})["failures"]
    assert sentence.startswith("cannot record mtty on mtty: cannot write /etc/vfio-devices/mdev_instance/mtty.json: ")
    assert errno.errorcode[number] in sentence
    assert not [words for words in WRONG_ADVICE if words in sentence]


def test_names_that_cannot_be_kept_are_no_reason_to_make_nothing(simulated):
    host = simulated("l40s")
    host.kernel.faults.fail("etc/vfio-devices/vgpu_types/*", errno.EROFS, operations=("write",))
    assert host.converge({"type": "NVIDIA L40S-8Q", "parent": "0000:84:00.4"}, persist=None)["created"]


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


def test_ids_that_another_driver_has_shifted_change_no_uuid(simulated):
    """The modules were reloaded, and the XML of guests refers to the UUIDs."""
    host = simulated("t4")
    host.converge({"type": "GRID T4-2Q", "parent": T4, "count": "2"})
    before = sorted(host.devices())
    for uuid in before:
        host.write(f"sys/bus/mdev/devices/{uuid}/remove", "1")
        shift(host, f"etc/mdevctl.d/{T4}/{uuid}")
    shift(host, f"etc/vfio-devices/mdev_instance/{T4}.json")
    result = host.converge({"type": "GRID T4-2Q", "parent": T4, "count": "2"}, exact=True)
    assert sorted(one["uuid"] for one in result["instances"] if one["action"] == "created") == before
    assert {kind for _parent, kind in host.devices().values()} == {"nvidia-231"}
    assert "nvidia-230" not in host.root().read(f"etc/mdevctl.d/{T4}/{before[0]}")
    assert host.converge({"type": "GRID T4-2Q", "parent": T4, "count": "2"}, exact=True)["changed"] is False


def shift(host, path):
    """Number the types like an older driver."""
    host.files.replace(path, host.files.read(path).replace(b"nvidia-231", b"nvidia-230"))
