# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the engine of mdev_instance on simulated hosts."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
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


# Answers of drivers


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


FULL = [(errno.ENOSPC, "Its file system is full"), (errno.EROFS, "Its file system is read-only")]
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


@pytest.mark.parametrize("check", [True, False])
def test_warning_of_other_managers_in_check_mode_too(simulated, monkeypatch, check):
    host = simulated("t4", files={"etc/rc.local": "mdevctl start -u $uuid -p 0000:3b:00.0 --type nvidia-35\n"})
    roots = []
    root_of = type(host).root
    monkeypatch.setattr(type(host), "root", lambda self: roots.append(root_of(self)) or roots[-1])
    instance = {"type": "GRID T4-2B", "parent": T4, "count": "1"}
    host.converge(instance, check=check)
    assert ["etc/rc.local has mdevctl start" in one for one in roots[-1].warnings] == [True]
    if not check:
        host.converge(instance)
        # Nothing changes.
        assert roots[-1].warnings == []
