# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import no_vgpus

T4 = {"vendor_id": "10de", "product_id": "1eb8", "class": "0302", "driver": "nvidia", "total_vfs": 0, "num_vfs": 0}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"driver": "nouveau"},
            "this card (10de:1eb8) offers no vGPUs, because its driver is nouveau. Install the NVIDIA vGPU host driver "
            "(vGPU Manager, not the driver for guests or CUDA) on this host and reboot",
        ),
        ({"driver": None}, "because no driver is bound to it. Install the NVIDIA vGPU host driver"),
        ({}, "although its driver is nvidia. Install the NVIDIA vGPU host driver"),
        (
            {"driver": "vfio-pci"},
            "which passes the whole card to a guest. Bind the NVIDIA vGPU host driver (vGPU",
        ),
        (
            {"vendor_id": "1002", "product_id": "740f", "driver": None},
            "this card (1002:740f) offers no vGPUs, because no driver is bound to it. Install the vendor's vGPU host",
        ),
        ({"class": "0200", "driver": "igb"}, "class 0200) is not a GPU and offers no vGPUs. Correct select"),
        (
            {"total_vfs": 16},
            "If its virtual functions have them, set mode: vf and num_vfs: max.",
        ),
    ],
)
def test_the_cause_and_the_remedy_depend_on_class_driver_and_vendor(changes, sentence):
    assert sentence in no_vgpus.why_no_vgpus({**T4, **changes})
