# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test several types on one card, on simulated hosts that follow the rules of the drivers."""

from __future__ import annotations

import errno
import json
from collections import Counter

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.instances import Instances
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.plugin_utils._report.check_mode import drift

L40S, A40, T4 = "0000:84:00.0", "0000:41:00.0", "0000:3b:00.0"


def entry(kind, count, parent, **fields):
    return {"type": [kind], "count": str(count), "parent": parent, **fields}


def mix(parent, **counts):
    names = {L40S: "NVIDIA L40S-", A40: "NVIDIA A40-", T4: "GRID T4-"}
    return [entry(f"{names[parent]}{kind.lstrip('_')}", count, parent) for kind, count in counts.items()]


def now(host):
    return Counter(device["type_name"].rpartition("-")[2] for device in host.facts()["devices"])


def calls(host):
    return [call for call in host.tools.calls if "-shm" in call]


def test_sizes_are_mixed_once_the_gpu_was_told(simulated):
    host = simulated("l40s")
    result = host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    assert now(host) == {"3Q": 8, "6Q": 4}
    assert not result["failures"]
    assert calls(host) == [f"nvidia-smi vgpu -shm 1 -i {L40S}"]
    assert not host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)["changed"]
    assert len(calls(host)) == 1


@pytest.mark.parametrize(("is_mixed", "writes"), [(False, 28), (True, 12)])
def test_no_vgpu_is_written_without_need(simulated, monkeypatch, is_mixed, writes):
    """From 16 of one type to 8 of it and 4 of another: clear 8 and create 4, or all if the mode has to change."""
    host = simulated("l40s")
    if is_mixed:
        host.kernel.nvidia_smi.run(["vgpu", "-shm", "1", "-i", L40S])
    host.converge(*mix(L40S, _3Q=16), exact=True)
    written, write = [], host.files.write
    monkeypatch.setattr(host.files, "write", lambda path, data: written.append(path) or write(path, data))
    host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    assert len(written) == writes
    assert len(calls(host)) == int(not is_mixed)


def test_a_gpu_of_one_size_is_emptied_for_several(simulated):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=16), exact=True)
    result = host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    assert now(host) == {"3Q": 8, "6Q": 4}
    actions = Counter(one["action"] for one in result["instances"])
    assert actions == {"replaced": 12, "removed": 4}


@pytest.mark.parametrize("framework", ["l40s", "a40"])
def test_a_change_of_counts_leaves_the_others_where_they_are(simulated, framework):
    host, card = simulated(framework), {"l40s": L40S, "a40": A40}[framework]
    host.converge(*mix(card, _3Q=8, _6Q=4), exact=True)
    before = {device["uuid"] or device["address"]: device["type_name"] for device in host.facts()["devices"]}
    result = host.converge(*mix(card, _6Q=3, _3Q=10), exact=True)
    after = {device["uuid"] or device["address"]: device["type_name"] for device in host.facts()["devices"]}
    kept = [name for name, kind in before.items() if after.get(name) == kind]
    assert len(kept) == 11
    assert sum(one["action"] == "kept" for one in result["instances"]) == 11
    assert now(host) == {"3Q": 10, "6Q": 3}


def test_devices_keep_their_uuids_when_their_gpu_is_emptied(simulated):
    host = simulated("a40")
    host.converge(*mix(A40, _4Q=6), exact=True)
    before = {device["uuid"] for device in host.facts()["devices"]}
    host.converge(*mix(A40, _4Q=6, _8Q=3), exact=True)
    assert now(host) == {"4Q": 6, "8Q": 3}
    assert before < {device["uuid"] for device in host.facts()["devices"]}


def test_one_size_needs_no_mode(simulated):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=8, _3A=8), exact=True)
    assert now(host) == {"3Q": 8, "3A": 8}
    assert not calls(host)
    t4 = simulated("t4")
    t4.converge(*mix(T4, _2B=4, _2Q=4), exact=True)
    assert now(t4) == {"2B": 4, "2Q": 4}


def test_a_gpu_that_has_no_such_mode(simulated):
    host = simulated("l40s")
    for function in host.kernel.pci.devices.values():
        if getattr(function.spec, "vgpu", None):
            function.spec.vgpu.heterogeneous = False
    with pytest.raises(Refused, match="Not Supported. Use types of one size"):
        host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    assert not now(host)


def test_a_mode_that_is_not_enabled_although_the_program_says_so(simulated):
    host = simulated("l40s")
    host.kernel.nvidia_smi.deaf.add(L40S)
    result = host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    assert "succeeded, but the mode is not enabled" in result["failures"][0]
    assert not now(host)


def test_guests_keep_a_gpu_from_being_emptied(simulated):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=8), exact=True)
    busy = host.facts()["devices"][0]["address"]
    host.kernel.hold(busy)
    with pytest.raises(Refused, match=f"only while the GPU has no vGPU, and {busy} is in use by"):
        host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    result = host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True, on_busy="skip")
    assert now(host) == {"3Q": 8}
    assert [one["count"] for one in result["missing"]] == [4]
    assert drift({"host": {**result, "changed": False, "diff": []}}) == [
        f"host: {busy} {busy} cannot be changed now, and is in use by guest simulated (pid 4001, qemu-system-x86)",
        "host: instances[1]: 4 have to wait until devices in use are free",
    ]
    assert [one["address"] for one in result["busy"]] == [busy]


def test_a_guest_on_a_device_that_would_go_keeps_a_gpu_from_being_emptied(simulated):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=4, _3A=2), exact=True)
    held = [one["address"] for one in host.facts()["devices"] if one["type_name"].endswith("3A")]
    host.kernel.hold(held[0])
    before = host.devices()
    with pytest.raises(Refused, match=f"{held[0]} is in use by"):
        host.converge(*mix(L40S, _3Q=4, _6Q=2), exact=True)
    result = host.converge(*mix(L40S, _3Q=4, _6Q=2), exact=True, on_busy="skip")
    assert host.devices() == before
    assert not calls(host)
    assert held[0] in [one["address"] for one in result["busy"]]


def test_a_guest_that_starts_while_a_gpu_is_emptied(simulated, monkeypatch):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=8), exact=True)
    before = host.devices()
    last, write, written = sorted(before)[-1], host.files.write, []

    def start(path, data):
        if path.endswith("current_vgpu_type") and data == b"0":
            written.append(path)
            if len(written) == 3:
                host.kernel.hold(last)
        write(path, data)

    monkeypatch.setattr(host.files, "write", start)
    result = host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    assert "started to use it during the run" in result["failures"][0]
    assert ". Created again: " in result["failures"][0]
    assert host.devices() == before


def test_what_fits_beside_guests(simulated):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=8, _6Q=4), exact=True)
    held = [one["address"] for one in host.facts()["devices"] if one["type_name"].endswith("6Q")]
    for address in held[:2]:
        host.kernel.hold(address)
    result = host.converge(*mix(L40S, _3Q=4, _12Q=3), exact=True, on_busy="skip")
    assert now(host) == {"3Q": 4, "12Q": 2, "6Q": 2}
    assert [one["count"] for one in result["missing"]] == [1]
    assert {one["address"] for one in result["busy"]} == set(held[:2])


def test_guests_of_one_size_only_take_room(simulated):
    host = simulated("l40s")
    host.converge(*mix(L40S, _3Q=16), exact=True)
    for device in host.facts()["devices"][:10]:
        host.kernel.hold(device["address"])
    result = host.converge(*mix(L40S, _3Q=8, _3A=8), exact=True, on_busy="skip")
    assert now(host) == {"3Q": 10, "3A": 6}
    assert [one["count"] for one in result["missing"]] == [2]


PARAMS = "sys/bus/pci/devices/0000:84:00.{}/nvidia/vgpu_params"


def with_params(value, count=1):
    return entry("NVIDIA L40S-8Q", count, L40S, attributes=[{"nvidia/vgpu_params": value}])


def test_vgpus_on_virtual_functions_have_parameters(simulated):
    host = simulated("l40s")
    host.converge(with_params("frame_rate_limiter=0"), exact=True)
    assert host.root().read(PARAMS.format(4)) == "frame_rate_limiter=0"
    assert not host.converge(with_params("frame_rate_limiter=0"), exact=True)["changed"]
    result = host.converge(with_params("frame_rate_limiter=1"), exact=True)
    assert [one["action"] for one in result["instances"]] == ["replaced"]
    assert host.root().read(PARAMS.format(4)) == "frame_rate_limiter=1"
    before = host.devices()
    host.kernel.reboot()
    (found,) = Instances.observe(host.root())
    assert found.run(True, False) == (["created 1 of NVIDIA L40S-8Q"], [])
    assert host.devices() == before
    assert host.root().read(PARAMS.format(4)) == "frame_rate_limiter=1"


def test_a_vgpu_whose_parameters_are_refused_is_not_left_half_done(simulated):
    host = simulated("l40s")
    host.kernel.faults.fail("*/nvidia/vgpu_params", errno.EINVAL, operations=("write",))
    result = host.converge(with_params("frame_rate_limiter=0"), exact=True)
    assert "EINVAL" in result["failures"][0]
    assert not now(host)


def test_types_of_a_card_have_their_own_parameters(simulated):
    host = simulated("l40s")
    small = entry("NVIDIA L40S-3Q", 1, L40S, attributes=[{"nvidia/vgpu_params": "frame_rate_limiter=0"}])
    host.converge(small, entry("NVIDIA L40S-3A", 1, L40S), exact=True)
    assert host.root().read(PARAMS.format(4)) == "frame_rate_limiter=0"
    with pytest.raises(Refused, match="a vendor-specific vGPU only has nvidia/vgpu_params"):
        host.converge({**small, "attributes": [{"nvidia/placement_id": "1"}]}, exact=True)


def test_mediated_devices_keep_their_attributes_next_to_such_vgpus(simulated):
    host = simulated("mixed")
    params = [{"nvidia/vgpu_params": "frame_rate_limiter=0"}]
    mdev = {"type": "GRID T4-1B", "parent": "0000:af:00.0", "attributes": params}
    host.converge(mdev)
    before = host.devices()
    vgpu = dict.fromkeys(("uuid", "type_name")) | {"address": "0000:84:00.4", "parent": "0000:84:00.4", "type": "1149"}
    record = {"instances": [{**vgpu, "attributes": [["nvidia/vgpu_params", "x=1"]], "autostart": True}]}
    host.files.replace(f"etc/vfio-devices/mdev_instance/{L40S}.json", json.dumps(record).encode())
    assert not host.converge(mdev)["changed"]
    assert host.devices() == before
