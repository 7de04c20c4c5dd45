# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import mdev
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_a_device_is_created_and_removed(simulated):
    root = simulated("mtty").root()
    assert mdev.make(root, "mtty", UUID, "mtty-1")
    assert root.link_name(f"{mdev.directory('mtty', UUID)}/mdev_type") == "mtty-1"
    assert mdev.vanished(root, {UUID: "mtty-1", OTHER: "mtty-1"}) == {OTHER}
    mdev.remove(root, "mtty", UUID)
    assert mdev.vanished(root, {UUID: "mtty-1"}) == {UUID}
    mdev.remove(root, "mtty", UUID)


def test_another_program_may_be_faster(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    assert not mdev.make(host.root(), "mtty", UUID, "mtty-1")
    with pytest.raises(HostError, match="EEXIST"):
        mdev.make(host.root(), "mtty", UUID, "mtty-2")


def test_room_is_what_the_counter_says(simulated):
    host = simulated("mtty")
    assert mdev.has_room(host.root(), "mtty", "mtty-2")
    for number in range(12):
        host.create("mtty", "mtty-2", f"{UUID[:-2]}{number:02}")
    assert not mdev.has_room(host.root(), "mtty", "mtty-2")


def test_a_parent_is_there_with_its_types(simulated):
    root = simulated("mtty").root()
    assert (mdev.offers_types(root, "mtty"), mdev.offers_types(root, "none")) == (True, False)
