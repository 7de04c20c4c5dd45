# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances import identities
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import Plan, State
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import KeepDevices, MakeDevice, PlannedDevice
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

T4 = "0000:3b:00.0"
OLD, NOW = {"slot": "1", "gpu": "GPU-1"}, {"slot": "1"}
MADE = MakeDevice("a", PlannedDevice("a", "a", "mdev", "u", None, "x", None))


def test_identities_are_no_part_of_what_the_plan_compares():
    records = {"a": {"instances": [], "identity": OLD}, "b": {"instances": []}, "c": {"instances": [], "identity": 5}}
    assert identities.remove_identities(records) == {"a": OLD, "b": {}, "c": {}}
    assert all(record == {"instances": []} for record in records.values())


@pytest.mark.parametrize(
    ("recorded", "now", "identity"),
    [(OLD, NOW, OLD), ({}, NOW, NOW), (OLD, {"gpu": "GPU-2"}, {"gpu": "GPU-2"}), ({}, {}, None)],
)
def test_records_say_of_which_card_they_are(recorded, now, identity):
    state = State([], [], {}, {}, identities={"a": now}, recorded_identities={"a": recorded})
    steps = [KeepDevices("a", "record", {"instances": [1]}), KeepDevices("a", "record", None), MADE]
    first, *others = identities.with_identities(state, Plan([], [], [], []), steps, True)
    assert first.record == {"instances": [1], **({"identity": identity} if identity else {})}
    assert others == steps[1:]


@pytest.mark.parametrize(
    ("recorded", "persist", "steps"), [({}, True, 1), (NOW, True, 0), (OLD, True, 0), ({}, False, 0), ({}, None, 0)]
)
@pytest.mark.parametrize("made", [[], [MADE]])
def test_record_of_a_card_that_is_kept_learns_which_it_is(recorded, persist, steps, made):
    records = {"a": {"instances": []}}
    state = State([], [], {}, records, identities={"a": NOW}, recorded_identities={"a": recorded})
    plan = Plan([], [] if made else [MADE.device], [], [])
    assert len(identities.with_identities(state, plan, made, persist)) == steps + len(made)


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


SECOND_T4 = "0000:af:00.0"


def gpus(host, *uuids):
    """Set the UUIDs that the driver reports for both cards."""
    for address, uuid in zip((T4, SECOND_T4), uuids):
        path = f"proc/driver/nvidia/gpus/{address}/information"
        host.kernel.tree.remove(path)
        host.kernel.tree.add(path, Attribute(f"GPU UUID: GPU-{uuid * 8}\n".encode()))


def kept(host, directory):
    root = host.root()
    return {name: root.read(f"{directory}/{name}") for name in root.names(directory)}


def test_devices_of_a_card_that_has_moved_keep_their_uuids(simulated):
    host = simulated("t4")
    gpus(host, "a", "b")
    host.converge({"type": "GRID T4-2Q", "parent": T4, "count": "2"})
    uuids = sorted(host.devices())
    host.kernel.reboot()
    gpus(host, "b", "a")
    wanted = {"type": "GRID T4-2Q", "parent": SECOND_T4, "count": "2"}
    predicted = host.converge(wanted, exact=True, check=True)
    assert host.converge(wanted, exact=True)["instances"] == predicted["instances"]
    assert host.devices() == dict.fromkeys(uuids, (SECOND_T4, "nvidia-231"))
    assert sorted(kept(host, f"etc/mdevctl.d/{SECOND_T4}")) == uuids
    assert kept(host, f"etc/mdevctl.d/{T4}") == {}
    assert list(kept(host, "etc/vfio-devices/mdev_instance")) == [f"{SECOND_T4}.json"]
    assert not host.converge(wanted, exact=True)["changed"]


A40, SECOND_A40 = "0000:41:00.0", "0000:81:00.0"


def serial_numbers(host, *numbers):
    for address, number in zip((A40, SECOND_A40), numbers):
        path = host.kernel.tree.resolve(f"sys/bus/pci/devices/{address}")[0]
        host.kernel.tree.add(f"{path}/serial_number", Attribute(f"{number}\n".encode()))


def test_devices_on_the_vfs_of_a_card_that_has_moved_keep_their_uuids(simulated):
    host = simulated("a40")
    first, second = "48-b0-2d-ff-ff-00-00-01", "48-b0-2d-ff-ff-00-00-02"
    serial_numbers(host, first, second)
    host.converge({"type": "NVIDIA A40-8Q", "parent": A40, "count": "3"})
    before = {uuid: parent for uuid, (parent, _type) in host.devices().items()}
    host.kernel.reboot()
    serial_numbers(host, second, first)
    wanted = {"type": "NVIDIA A40-8Q", "parent": SECOND_A40, "count": "3"}
    assert host.converge(wanted, exact=True)["changed"]
    after = {uuid: parent for uuid, (parent, _type) in host.devices().items()}
    assert after == {uuid: parent.replace(A40[:10], SECOND_A40[:10]) for uuid, parent in before.items()}
    assert [kept(host, f"etc/mdevctl.d/{parent}") for parent in before.values()] == [{}] * 3
    assert list(kept(host, "etc/vfio-devices/mdev_instance")) == [f"{SECOND_A40}.json"]
    assert not host.converge(wanted, exact=True)["changed"]


def test_card_that_replaces_another_gets_its_definitions(simulated):
    host = simulated("t4")
    gpus(host, "a", "b")
    wanted = {"type": "GRID T4-2Q", "parent": T4, "count": "2"}
    host.converge(wanted)
    uuids = sorted(host.devices())
    host.kernel.reboot()
    gpus(host, "c", "b")
    host.converge(wanted, exact=True)
    assert sorted(host.devices()) == uuids
    assert not host.converge(wanted, exact=True)["changed"]
