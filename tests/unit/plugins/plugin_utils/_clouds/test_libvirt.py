# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.libvirt import node_device


@pytest.mark.parametrize(
    ("parent", "device"),
    [
        ("0000:84:00.0", "pci_0000_84_00_0"),
        ("10000:af:1f.7", "pci_10000_af_1f_7"),
        ("mtty", "mtty_mtty"),
        ("mdpy", "mdpy_mdpy"),
        ("matrix", "ap_matrix"),
        ("0.0.0313", "css_0_0_0313"),
        ("my-parent", "my_parent_my_parent"),
    ],
)
def test_names(parent, device):
    assert node_device(parent) == device


@pytest.mark.parametrize("parent", ["0000:84:00.0", "mtty", "mdpy", "mbochs", "matrix", "0.0.0313"])
def test_placement_inventory_knows_them(parent):
    assert names.name_conflict(f"node_{node_device(parent)}", "node", [])
