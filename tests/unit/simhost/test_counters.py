# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``available_instances``: what the types of a parent, and the VFs of a GPU, share."""

from __future__ import annotations

import itertools

import pytest

from .conftest import Boot, Simulation

A40 = "0000:41:00"
numbers = itertools.count(1)


def create(simulation: Simulation, parent: str, kind: str) -> str:
    name = f"00000000-0000-0000-0000-{next(numbers):012x}"
    simulation.files.write(f"sys/class/mdev_bus/{parent}/mdev_supported_types/{kind}/create", name.encode())
    return name


def available(simulation: Simulation, parent: str, *kinds: str) -> list[int]:
    types = f"sys/class/mdev_bus/{parent}/mdev_supported_types"
    return [simulation.number(f"{types}/{kind}/available_instances") for kind in kinds]


@pytest.mark.parametrize(
    ("profile", "parent", "kinds", "empty", "made", "after"),
    [
        ("gvt", "0000:00:02.0", ["i915-GVTg_V5_2", "i915-GVTg_V5_4"], [2, 4], "i915-GVTg_V5_2", [1, 2]),
        ("t4", "0000:3b:00.0", ["nvidia-230", "nvidia-231", "nvidia-222"], [16, 8, 16], "nvidia-231", [0, 7, 0]),
        ("s390", "0.0.0313", ["vfio_ccw-io"], [1], "vfio_ccw-io", [0]),
    ],
)
def test_shared_counters(
    boot: Boot, profile: str, parent: str, kinds: list[str], empty: list[int], made: str, after: list[int]
) -> None:
    host = boot(profile)
    assert available(host, parent, *kinds) == empty
    name = create(host, parent, made)
    assert available(host, parent, *kinds) == after
    host.files.write(f"sys/bus/mdev/devices/{name}/remove", b"1")
    assert available(host, parent, *kinds) == empty


def test_gpus_do_not_share(boot: Boot) -> None:
    host = boot("t4")
    create(host, "0000:3b:00.0", "nvidia-231")
    assert available(host, "0000:af:00.0", "nvidia-230", "nvidia-231") == [16, 8]


def test_each_vf_counts_0_or_1_and_the_gpu_is_the_limit(boot: Boot) -> None:
    host = boot("a40")
    kind, same_size, other_size = "nvidia-563", "nvidia-573", "nvidia-557"
    vfs = [f"0000:41:{slot:02x}.{function}" for slot, function in itertools.product(range(3), range(8))][4:20]
    assert [available(host, vf, kind) for vf in vfs] == [[1]] * 16
    create(host, vfs[0], kind)
    assert available(host, vfs[0], kind, same_size, other_size) == [0, 0, 0]
    assert available(host, vfs[1], kind, same_size, other_size) == [1, 1, 0]
    for vf in vfs[1:4]:
        create(host, vf, kind)
    assert [available(host, vf, kind) for vf in vfs] == [[0]] * 16
    assert available(host, "0000:81:00.4", kind) == [1]
    assert not host.files.exists("sys/bus/pci/devices/0000:41:00.0/mdev_supported_types")


def test_mixed_size_shares_the_framebuffer(boot: Boot) -> None:
    profile = {
        "functions": [
            {
                "address": "0000:41:00.0",
                "vendor": "10de",
                "device": "2235",
                "class_code": "030200",
                "driver": "nvidia",
                "vgpu": {"types": "a40", "on": "vf", "mixed_size": True},
                "sriov": {"total": 4, "offset": 4, "device": "2235", "driver": "nvidia", "numvfs": 4},
            }
        ]
    }
    host = boot(profile)
    create(host, f"{A40}.4", "nvidia-565")
    assert available(host, f"{A40}.5", "nvidia-565", "nvidia-566", "nvidia-557") == [1, 0, 1]
    create(host, f"{A40}.5", "nvidia-557")
    assert available(host, f"{A40}.6", "nvidia-565", "nvidia-563") == [0, 1]


def test_old_mtty_does_not_check(boot: Boot) -> None:
    host = boot("mtty", kernel="5.10")
    for _dummy in range(13):
        create(host, "mtty", "mtty-2")
    assert available(host, "mtty", "mtty-1", "mtty-2") == [-2, -1]


def test_a_made_up_parent_with_thousands_of_devices(boot: Boot) -> None:
    parent = {
        "types": "mdpy",
        "name": "card{n}",
        "path": "sys/devices/virtual/made/card{n}",
        "capacity": 2000,
        "copies": 2,
    }
    host = boot({"parents": [parent]})
    assert available(host, "card1", "mdpy-hd") == [2000]
    for _dummy in range(20):
        create(host, "card1", "mdpy-hd")
    assert available(host, "card1", "mdpy-vga") == [1980]
    assert available(host, "card0", "mdpy-vga") == [2000]
