# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.every import Frameworks


def frameworks(host):
    root = host.root()
    return Frameworks(root, pci.observe(root), pci.NumaNodes(root))


@pytest.mark.parametrize(
    ("profile", "cards"),
    [
        ("t4", {"0000:3b:00.0": "mdev", "0000:af:00.0": "mdev"}),
        ("l40s", {"0000:84:00.0": "vendor_vfio", "0000:c4:00.0": "vendor_vfio"}),
        ("nics", {}),
        # The parent is not a PCI function.
        ("mtty", {}),
    ],
)
def test_framework_of_each_card(simulated, profile, cards):
    assert frameworks(simulated(profile)).of_cards() == cards


@pytest.mark.parametrize(("profile", "framework"), [("t4", "mdev"), ("l40s", "vendor_vfio"), ("mtty", "mdev")])
def test_what_was_made_is_the_same_for_every_framework(simulated, profile, framework):
    host = simulated(profile)
    parent = frameworks(host).observe().parents[0]
    offer = parent.offers[0]
    host.converge({"type": offer.type.id, "parent": parent.name})
    made = frameworks(host).observe()
    (device,) = made.devices
    assert (device.parent, device.framework, device.type_id) == (parent.name, framework, offer.type.id)
    assert (device.uuid is None) == (framework == "vendor_vfio")
    assert set(made.definitions) == ({device.key} if device.uuid else set())


def test_types_of_mediated_devices_are_read_only_where_they_are_wanted(simulated):
    host = simulated("mtty")
    assert frameworks(host).observe(with_parents=False).parents == []
    assert not [path for path in host.files.reads if "mdev_supported_types" in path]
