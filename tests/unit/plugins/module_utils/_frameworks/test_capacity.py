# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import capacity as _capacity
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Offer, Parent, VgpuType

VGPU = ["0000:84:00.4", "0000:84:00.5", "0000:84:00.6"]


def offered(type_id, available, description=None, **attributes):
    return Offer(VgpuType(type_id, type_id, description, attributes), available)


def parent(name, *offers, card=None, framework="mdev"):
    return Parent(name, framework, physical_function=card, offers=offers)


def card(parents, occupants=()):
    names = {offer.type.id: offer.type.name for one in parents for offer in one.offers}
    names.update((type_id, type_id) for _parent, type_id in occupants if type_id)
    return _capacity.capacity_of_card(parents, list(occupants), names)


def rooms(capacity, parent_name, *types):
    return [capacity.room(parent_name, type_id) for type_id in types]


def test_ports_of_mtty_are_shared():
    capacity = card([parent("mtty", offered("mtty-1", 21), offered("mtty-2", 10))], [("mtty", "mtty-2")])
    capacity.take("mtty", "mtty-2")
    assert rooms(capacity, "mtty", "mtty-1", "mtty-2") == [19, 9]
    capacity.give("mtty", "mtty-2")
    capacity.give("mtty", "mtty-2")
    assert rooms(capacity, "mtty", "mtty-1", "mtty-2") == [23, 11]


def test_memory_of_mbochs_is_shared():
    description = "virtual display, {} MB video memory"
    types = [offered(f"mbochs-{size}", 256 // size, description.format(size)) for size in (4, 16, 64)]
    capacity = card([parent("mbochs", *types)])
    capacity.take("mbochs", "mbochs-64")
    assert rooms(capacity, "mbochs", "mbochs-4", "mbochs-16", "mbochs-64") == [48, 12, 3]


def test_each_quantity_of_gvt_limits():
    types = [
        offered("large", 1, "", low_gm_size=128, high_gm_size=512, fence=4),
        offered("small", 4, "", low_gm_size=64, high_gm_size=128, fence=1),
    ]
    capacity = card([parent("0000:00:02.0", *types, card="0000:00:02.0")])
    capacity.take("0000:00:02.0", "large")
    # At least 256 MB of low memory are free, and one large device takes half of them.
    assert rooms(capacity, "0000:00:02.0", "large", "small") == [0, 0]


def test_one_counter_of_the_mdev_core():
    types = [offered("mdpy-vga", 3), offered("mdpy-hd", 3)]
    capacity = card([parent("mdpy", *types)], [("mdpy", "mdpy-hd")])
    capacity.take("mdpy", "mdpy-vga")
    assert rooms(capacity, "mdpy", "mdpy-vga", "mdpy-hd") == [2, 2]
    capacity.give("mdpy", "mdpy-hd")
    assert rooms(capacity, "mdpy", "mdpy-vga", "mdpy-hd") == [3, 3]


def test_types_of_an_unknown_driver_count_alone():
    capacity = card([parent("x", offered("a", 5), offered("b", 2))])
    capacity.take("x", "a")
    assert rooms(capacity, "x", "a", "b", "unknown") == [4, 2, 0]


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
    assert _capacity._vgpu_size(name) == size
