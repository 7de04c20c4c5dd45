# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import driver_names


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("vfio_pci", "vfio-pci"),
        ("VFIO-PCI", "vfio-pci"),
        ("vfio", "vfio-pci"),
        ("mlx5-vfio-pci", "mlx5_vfio_pci"),
        ("pci_stub", "pci-stub"),
        ("vfio-pci", None),
        ("mlx5_vfio_pci", None),
        ("nvidia", None),
        ("", None),
    ],
)
def test_another_spelling_of_a_name_means_a_driver(text, meant):
    assert driver_names.suggested_driver(text) == meant


def test_a_vfio_driver_that_is_missing_is_loaded_or_comes_with_another_kernel():
    sentence = driver_names.missing("vfio-pci", ["igb"])
    assert sentence.startswith("this host has no driver vfio-pci now. Load its module with the playbook site")
    assert "`modprobe vfio-pci`" in sentence
    assert "apt install linux-image-amd64" in sentence


def test_a_driver_of_nearly_this_name_is_suggested():
    assert driver_names.missing("mlx5-core", ["mlx5_core"]).endswith("now, but mlx5_core. Write mlx5_core")
    assert driver_names.missing("ixgbe", ["mlx5_core"]).endswith("load its module, or correct the name")
