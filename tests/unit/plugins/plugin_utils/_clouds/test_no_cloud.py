# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import no_cloud
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, ports, vendor_vgpus, whole

OPTIONS = {"root": "compute1", "drain": False, "preview": False, "cyborg_agent": True}


@pytest.mark.parametrize(
    ("card", "resource_class", "traits"),
    [
        (whole(), "CUSTOM_PCI_10DE_1EB8", ["CUSTOM_NUMA_0"]),
        (ports(numa_node=None), "CUSTOM_PCI_8086_1889", []),
        (ports(resource_class="CUSTOM_NIC", numa_node=1), "CUSTOM_NIC", ["CUSTOM_NUMA_1"]),
        (vendor_vgpus(numa_node=None), "CUSTOM_VGPU", ["CUSTOM_VFIO_TYPE_NVIDIA_L40S_8Q"]),
        (mdevs(numa_node=None, **{"class": "0780"}), "CUSTOM_MDEV", ["CUSTOM_VFIO_TYPE_GRID_NVIDIA_35"]),
    ],
)
def test_each_card_is_a_provider_with_a_class_that_says_what_it_is(card, resource_class, traits):
    (provider,), problems = no_cloud.providers(card, OPTIONS)
    assert problems == []
    assert list(provider["inventories"]) == [resource_class]
    assert provider["traits"] == traits


def test_without_a_device_id_there_is_no_class():
    assert no_cloud.providers(ports(vf_product_id=None), OPTIONS)[1] == [
        "the product id of its virtual functions is unknown. Set placement.resource_class"
    ]


def test_nobody_else_makes_the_devices():
    vgpu = {"types": ["a"], "count": None}
    assert no_cloud.check({"vgpu": vgpu}) == [
        "vgpu.count 0 means that the owner creates the devices, but the owner is none. Set vgpu.count"
    ]
    assert no_cloud.check({"vgpu": {**vgpu, "count": "max"}}) == []
