# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.tests.unit.capacities import card, offered, parent, rooms


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
