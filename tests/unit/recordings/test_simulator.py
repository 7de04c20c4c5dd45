# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the data of the simulator with those of recorded hosts."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.recordings import HOSTS, hosts
from ansible_collections.vfio.devices.tests.recordings.replay import load
from ansible_collections.vfio.devices.tests.simhost.mdev_types import load_table
from ansible_collections.vfio.devices.tests.simhost.profile import load as load_profile
from ansible_collections.vfio.devices.tests.simhost.profile import names

NUMBERS = {"sriov_totalvfs": "total", "sriov_offset": "offset", "sriov_stride": "stride", "sriov_vf_device": "device"}
# Maps devices to the numbers that depend on the host: firmware assigns VFs to ports, and a port without ARI moves the
# first VF.
OF_THE_HOST = {
    "8086:10c9": {"offset"},
    "8086:159b": {"total", "offset"},
    "144d:a824": {"offset"},
}
# Each table contains the types of one driver.
TYPES = {"10de:2235": "a40", "10de:26b9": "l40s", "8086:5917": "gvt", "css": "vfio_ccw", "matrix": "vfio_ap"}


def recorded():
    """Yield (host, address, vendor:device, SR-IOV numbers) of each recorded function with SR-IOV."""
    for name in hosts():
        tree = load(HOSTS / name).recording.tree
        for path, entries in tree.items():
            if "sriov_totalvfs" in entries and entries["sriov_totalvfs"].kind == "file":
                alias = entries["modalias"].value
                numbers = {
                    key: entries[file].value for file, key in NUMBERS.items() if entries.get(file, ("",))[0] == "file"
                }
                yield name, path.rpartition("/")[2], f"{alias[9:13]}:{alias[18:22]}".lower(), numbers


def simulated():
    """Map vendor:device to the SR-IOV numbers of all simulated functions."""
    found = {}
    for profile in names():
        for function in load_profile(profile).functions:
            numbers = function.sriov and {key: str(getattr(function.sriov, key)) for key in NUMBERS.values()}
            found.setdefault(f"{function.vendor}:{function.device}", []).append((profile, numbers))
    return found


SIMULATED = simulated()
COMPARED = [one for one in recorded() if one[2] in SIMULATED]


@pytest.mark.parametrize(
    "name, address, ids, numbers", COMPARED, ids=lambda one: str(one) if isinstance(one, str) else ""
)
def test_sriov(name, address, ids, numbers):
    for profile, told in SIMULATED[ids]:
        assert told is not None, f"{profile}: {ids} has SR-IOV on {name}"
        for key in set(numbers) - OF_THE_HOST.get(ids, set()):
            assert int(told[key], 16 if key == "device" else 10) == int(numbers[key], 16 if key == "device" else 10), (
                f"{profile}: {key} of {ids}"
            )


def types(name):
    """Yield (key of TYPES, type id, contents of its files) of each type that a recorded host offers."""
    tree = load(HOSTS / name).recording.tree
    for path, entries in tree.items():
        above, found, kind = path.partition("/mdev_supported_types/")
        if found:
            device = above.rpartition("/")[2]
            card = tree.get(above, {}).get("physfn")
            # Recordings contain no ids of VFs, because no module reads them.
            alias = tree.get(f"{above.rpartition('/')[0]}/{card.value[3:]}" if card else above, {}).get("modalias")
            key = f"{alias.value[9:13]}:{alias.value[18:22]}".lower() if alias else device
            told = {file: entries[file].value for file in ("name", "description", "device_api") if file in entries}
            yield "css" if path.startswith("sys/devices/css0") else key, kind, told
        if path.endswith("/nvidia") and entries.get("creatable_vgpu_types", ("",))[0] == "file":
            for line in entries["creatable_vgpu_types"].value.splitlines()[1:]:
                number, dummy, title = line.partition(":")
                yield "10de:26b9", f"nvidia-{number.strip()}", {"name": title.strip()}


def of_simulator(table):
    """Map the directory name of each type to the contents of its files."""
    loaded = load_table(table)
    return {
        f"{loaded.driver}-{kind.id}": {
            "name": kind.name,
            "description": kind.text,
            "device_api": loaded.device_api,
        }
        for kind in loaded.types
    }


@pytest.mark.parametrize("name", hosts())
def test_types(name):
    for key, kind, told in types(name):
        if key in TYPES:
            simulated = of_simulator(TYPES[key])
            assert kind in simulated, f"{TYPES[key]} lacks {kind} {told.get('name')}"
            for file, value in told.items():
                assert simulated[kind][file] == value


def test_all_types_are_recorded():
    """Check that the simulator has exactly the types of the recorded driver, in the same order."""
    for name, key in (("cloudpods-a40", "10de:2235"), ("harvester-l40s", "10de:26b9")):
        there = list(dict.fromkeys(kind for one, kind, dummy in types(name) if one == key))
        assert list(of_simulator(TYPES[key])) == there


def test_there_is_something_to_compare():
    assert len({one[0] for one in COMPARED}) >= 6
