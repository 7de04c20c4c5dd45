# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import nvidia_capacity
from ansible_collections.vfio.devices.tests.unit.capacities import card, offered, parent, rooms

VGPU = ["0000:84:00.4", "0000:84:00.5", "0000:84:00.6"]


def t4(devices=(), available=None):
    numbers = available or {"1B": 16, "2B": 8}
    types = [
        offered("1B", numbers["1B"], "", max_instance=16, framebuffer=1024),
        offered("2B", numbers["2B"], "", max_instance=8, framebuffer=2048),
    ]
    return card([parent("pf", *types, card="pf")], [("pf", one) for one in devices])


def test_the_first_vgpu_of_a_gpu_decides_the_type():
    capacity = t4()
    capacity.take("pf", "2B")
    assert rooms(capacity, "pf", "1B", "2B") == [0, 7]
    assert capacity.exclusive


def test_a_gpu_is_free_for_another_type_when_the_last_is_gone():
    capacity = t4(["2B", "2B"], {"1B": 0, "2B": 6})
    capacity.give("pf", "2B")
    assert rooms(capacity, "pf", "1B", "2B") == [0, 7]
    capacity.give("pf", "2B")
    assert rooms(capacity, "pf", "1B", "2B") == [16, 8]


def test_a_half_removed_vgpu_still_takes_its_place():
    capacity = t4([None], {"1B": 0, "2B": 7})
    assert rooms(capacity, "pf", "1B", "2B") == [0, 7]


def a40(devices=(), available=1):
    types = [
        offered("8Q", available, "", max_instance=2, framebuffer=8192),
        offered("8A", available, "", max_instance=2, framebuffer=8192),
        offered("4Q", available, "", max_instance=4, framebuffer=4096),
    ]
    functions = [parent(name, *types, card="pf") for name in VGPU]
    return card(functions, devices)


def test_a_virtual_function_holds_one_and_the_gpu_limits_all():
    capacity = a40()
    capacity.take(VGPU[0], "8Q")
    assert rooms(capacity, VGPU[0], "8Q", "8A", "4Q") == [0, 0, 0]
    assert rooms(capacity, VGPU[1], "8Q", "8A", "4Q") == [1, 1, 0]
    capacity.take(VGPU[1], "8A")
    assert rooms(capacity, VGPU[2], "8Q", "8A", "4Q") == [0, 0, 0]


def test_a_gpu_of_mixed_sizes_is_limited_by_its_memory():
    capacity = a40([(VGPU[0], "8Q")], available=1)
    assert not capacity.exclusive
    assert rooms(capacity, VGPU[1], "8Q", "4Q") == [1, 1]
    capacity.take(VGPU[1], "4Q")
    assert rooms(capacity, VGPU[2], "8Q", "4Q") == [0, 1]


def l40s(devices=(), names=("NVIDIA L40S-8Q", "NVIDIA L40S-4Q", "NVIDIA L40S-16Q"), available=1):
    functions = [
        parent(name, *(offered(one, available) for one in names), card="pf", framework="vendor_vfio") for name in VGPU
    ]
    return card(functions, devices)


def test_sizes_of_the_vendor_framework_are_in_the_names():
    capacity = l40s()
    capacity.take(VGPU[0], "NVIDIA L40S-8Q")
    assert rooms(capacity, VGPU[1], "NVIDIA L40S-8Q", "NVIDIA L40S-4Q") == [1, 0]
    capacity.take(VGPU[1], "NVIDIA L40S-8Q")
    assert rooms(capacity, VGPU[2], "NVIDIA L40S-8Q") == [0]


def test_mixed_sizes_of_the_vendor_framework():
    capacity = l40s([(VGPU[0], "NVIDIA L40S-8Q")])
    assert rooms(capacity, VGPU[1], "NVIDIA L40S-8Q", "NVIDIA L40S-4Q", "NVIDIA L40S-16Q") == [1, 1, 0]
    capacity.take(VGPU[1], "NVIDIA L40S-4Q")
    assert rooms(capacity, VGPU[2], "NVIDIA L40S-8Q", "NVIDIA L40S-4Q") == [0, 1]


def test_an_unknown_size_of_the_whole_does_not_limit():
    capacity = l40s([(VGPU[0], "NVIDIA L40S-8Q")], names=["NVIDIA L40S-8Q"])
    capacity.take(VGPU[1], "NVIDIA L40S-8Q")
    assert rooms(capacity, VGPU[2], "NVIDIA L40S-8Q") == [1]


def test_a_full_gpu_of_the_vendor_framework_shows_the_size_of_the_whole():
    occupied = [(VGPU[0], "NVIDIA L40S-16Q")]
    capacity = l40s(occupied, available=0)
    assert capacity.exclusive
    capacity.give(*occupied[0])
    assert rooms(capacity, VGPU[0], "NVIDIA L40S-8Q", "NVIDIA L40S-16Q") == [1, 1]
    for function in VGPU[:2]:
        capacity.take(function, "NVIDIA L40S-8Q")
    assert rooms(capacity, VGPU[2], "NVIDIA L40S-8Q") == [0]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("NVIDIA L40S-8Q", 8),
        ("NVIDIA L40S-48A", 48),
        ("GRID T4-1B", 1),
        ("NVIDIA A16-0B", 0.5),
        ("GRID T4-2B4", 2),
        ("NVIDIA A100-1-5CME", None),
        (None, None),
        ("", None),
    ],
)
def test_size_of_a_name(name, size):
    assert nvidia_capacity._vgpu_size(name) == size
