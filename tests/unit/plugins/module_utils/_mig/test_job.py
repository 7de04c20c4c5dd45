# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test MIG layouts on a simulated host with two H200 and an A100."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_processes import add_process
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._mig.layouts import (
    A100,
    H200,
    OTHER,
    RECORD,
    changes,
    converge,
    layout,
)

FULL = {"1g.18gb": 4, "3g.71gb": 1}


def test_without_the_program_nothing_is_known(simulated):
    with pytest.raises(Refused, match=r"\(0000:3b:00.0\): nvidia-smi is not installed on this host, .* remove mig"):
        converge(simulated("t4"), FULL, pf="0000:3b:00.0")


def test_whole_life_of_a_layout(host):
    predicted = converge(host, FULL, check=True)
    assert predicted["changed"] and not changes(host)
    result = converge(host, FULL)
    assert result["gpus"][0]["action"] == "changed"
    assert layout(result) == layout(predicted)
    assert [one[0] for one in layout(result)] == ["1g.18gb"] * 4 + ["3g.71gb"]
    assert result["diff"] == predicted["diff"]
    assert result["diff"]["after"] == {H200: {"mig": "enabled", "layout": FULL}}
    assert json.loads(host.files.read(RECORD))["gpu"]["layout"] == FULL
    calls = len(changes(host))
    again = converge(host, FULL)
    assert not again["changed"] and again["diff"] == {"before": {}, "after": {}}
    assert len(changes(host)) == calls
    off = converge(host, enabled=False)
    assert off["gpus"][0]["after"] == {"enabled": False, "instances": []}
    assert not host.files.exists(RECORD)
    assert not converge(host, enabled=False)["changed"]


def test_what_fits_stays_where_it_is(host):
    before = converge(host, {"1g.18gb": 2})
    kept = {one["id"] for one in before["gpus"][0]["after"]["instances"]}
    result = converge(host, {"1g.18gb": 2, "3g.71gb": 1})
    assert kept < {one["id"] for one in result["gpus"][0]["after"]["instances"]}
    assert [step for step in result["gpus"][0]["done"] if "removed" in step] == []


def test_what_is_in_the_way_moves(host):
    converge(host, {"1g.18gb": 2})
    result = converge(host, {"1g.18gb": 1, "4g.71gb": 1})
    assert layout(result) == [("1g.18gb", 4, 1), ("4g.71gb", 0, 1)]


def test_without_compute_instances_and_with_them_later(host):
    assert layout(converge(host, {"2g.35gb": 1}, compute=False)) == [("2g.35gb", 0, 0)]
    assert layout(converge(host, {"2g.35gb": 1})) == [("2g.35gb", 0, 1)]


@pytest.mark.parametrize(
    ("wanted_layout", "sentence"),
    [
        (
            {"1g.18gb": 4, "3g.71gb": 2},
            "the layout does not fit: the GPU has 8 memory slices, and the layout needs 12 at certain places. "
            "A possible layout is {1g.18gb: 4, 3g.71gb: 1}",
        ),
        ({"1g.18gb+me": 2}, "the layout does not fit: the GPU has at most 1 of 1g.18gb+me. A possible layout is "),
        ({"1g.5gb": 1}, "the GPU has no MIG profile 1g.5gb. The closest is 1g.35gb. It has 1g.18gb, 1g.18gb+me, "),
    ],
)
def test_layouts_that_cannot_be(host, wanted_layout, sentence):
    for check in (True, False):
        with pytest.raises(Refused) as refused:
            converge(host, wanted_layout, check=check)
        assert refused.value.problems[0].startswith(f"gpus[0] ({H200}): {sentence}")
    assert not changes(host)


def test_gpu_that_is_not_listed(host):
    with pytest.raises(Refused) as refused:
        converge(host, FULL, pf="0000:99:00.0")
    assert refused.value.problems == [
        f"gpus[0] (0000:99:00.0): nvidia-smi does not list it. It lists {H200}, {OTHER}, {A100}. The GPU must be bound "
        "to the driver nvidia"
    ]


def test_program_that_is_missing(host):
    host.tools.missing.add("nvidia-smi")
    with pytest.raises(Exception, match="nvidia-smi"):
        converge(host, FULL)


def test_used_gpu_keeps_its_instances_and_may_get_more(host):
    converge(host, {"1g.18gb": 2})
    add_process(host.kernel.tree, 70, "/dev/nvidiactl", "/dev/nvidia0")
    host.kernel.tree.add(f"proc/driver/nvidia/gpus/{H200}/information", Attribute(b"Device Minor: \t 0\n"))
    assert len(layout(converge(host, {"1g.18gb": 3}))) == 3
    calls = len(changes(host))
    for check in (True, False):
        with pytest.raises(Refused) as refused:
            converge(host, {"1g.18gb": 1}, check=check)
        assert refused.value.problems == [
            f"gpus[0]: {H200} is in use by pid 70, python3, /dev/nvidia0, so it cannot lose GPU instances. Stop "
            "the process, for example with kill 70"
        ]
        with pytest.raises(Refused, match="is in use by pid 70, .*, so it cannot be reset"):
            converge(host, enabled=False, check=check)
    skipped = converge(host, {"1g.18gb": 1}, skip_busy=True)
    assert skipped["gpus"][0]["action"] == "busy" and not skipped["changed"]
    assert json.loads(host.files.read(RECORD))["gpu"]["layout"] == {"1g.18gb": 3}
    assert len(changes(host)) == calls


GPU, FIRST, SECOND = "0000:41:00.0", "0000:41:00.4", "0000:41:00.5"
ADVICE = f'Remove them first with vfio.devices.mdev_instance: {{state: absent, instances: [{{parent: "{GPU}"}}]}}'


def has(vgpu):
    return f", because it has the vGPUs {FIRST} ({vgpu}). {ADVICE}"


USES = f"vGPU {FIRST} of {GPU} is in use by guest web1 "


@pytest.mark.parametrize(
    ("before", "vgpu", "guest", "wanted", "sentence"),
    [
        # MIG mode changes for the whole GPU.
        (None, "NVIDIA A100-4C", False, {"1g.5gb": 4}, f"{GPU} cannot be reset{has('NVIDIA A100-4C')}"),
        (None, "NVIDIA A100-4C", True, {"1g.5gb": 4}, f"{USES}(pid 4001, qemu-system-x86), so it cannot be reset"),
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", True, None, f"{USES}(pid 4001, qemu-system-x86), so it cannot be reset"),
        # The vGPU has no place in the remaining instances.
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", False, {}, f"{GPU} cannot lose GPU instances{has('NVIDIA A100-1-5C')}"),
        (
            {"1g.5gb": 4},
            "NVIDIA A100-1-5C",
            False,
            {"2g.10gb": 3},
            f"{GPU} cannot lose GPU instances{has('NVIDIA A100-1-5C')}",
        ),
        # The vGPU has a place, but that of the guest is unknown.
        (
            {"1g.5gb": 4},
            "NVIDIA A100-1-5C",
            True,
            {"1g.5gb": 2},
            f"{USES}(pid 4001, qemu-system-x86), so it cannot lose",
        ),
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", False, {"1g.5gb": 2}, None),
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", True, {"1g.5gb": 5}, None),
    ],
)
def test_gpu_instances_of_vgpus_stay(simulated, before, vgpu, guest, wanted, sentence):
    host = simulated("a100")
    if before:
        converge(host, before, pf=GPU)
    host.converge({"type": vgpu, "parent": FIRST, "count": 1})
    if guest:
        host.kernel.hold(FIRST, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    calls, options = len(changes(host)), {"pf": GPU, "enabled": wanted is not None}
    if sentence is None:
        assert converge(host, wanted, **options)["gpus"][0]["error"] is None
        return
    for check in (True, False):
        with pytest.raises(Refused) as refused:
            converge(host, wanted, check=check, **options)
        assert any(one.startswith(f"gpus[0]: {sentence}") for one in refused.value.problems)
    assert len(changes(host)) == calls


def test_vgpus_that_are_unreadable_may_need_all_instances(simulated):
    host = simulated("a100")
    converge(host, {"1g.5gb": 4}, pf=GPU)
    host.kernel.faults.fail(f"sys/bus/pci/devices/{SECOND}/nvidia/current_vgpu_type", errno.EIO)
    with pytest.raises(Refused, match=f"{GPU} cannot lose GPU instances, because its vGPUs are unknown: .*EIO"):
        converge(host, {"1g.5gb": 2}, pf=GPU)


@pytest.mark.parametrize(
    ("before", "vgpu", "wanted", "staying"),
    [
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", {"2g.10gb": 2}, []),
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", {"1g.5gb": 1, "2g.10gb": 2}, [FIRST]),
        ({"1g.5gb": 4}, "NVIDIA A100-1-5C", None, []),
        (None, "NVIDIA A100-4C", {"2g.10gb": 2}, []),
    ],
)
def test_vgpus_without_users_make_room(simulated, before, vgpu, wanted, staying):
    host = simulated("a100")
    if before:
        converge(host, before, pf=GPU)
    for address in (FIRST, SECOND):
        host.converge({"type": vgpu, "parent": address, "count": 1})
    options = {"pf": GPU, "enabled": wanted is not None, "replace": True}
    predicted = converge(host, wanted, check=True, **options)
    assert len(host.devices()) == 2
    result = converge(host, wanted, **options)
    assert layout(result) == layout(predicted)
    assert result["gpus"][0]["done"] == predicted["gpus"][0]["done"]
    assert list(host.devices()) == staying
    assert not converge(host, wanted, **options)["changed"]


def test_vgpus_with_users_do_not(simulated):
    host = simulated("a100")
    converge(host, {"1g.5gb": 4}, pf=GPU)
    for address in (FIRST, SECOND):
        host.converge({"type": "NVIDIA A100-1-5C", "parent": address, "count": 1})
    host.kernel.hold(SECOND, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    with pytest.raises(Refused, match=f"vGPU {SECOND} of {GPU} is in use by guest web1"):
        converge(host, {"2g.10gb": 2}, pf=GPU, replace=True)
    assert len(host.devices()) == 2
