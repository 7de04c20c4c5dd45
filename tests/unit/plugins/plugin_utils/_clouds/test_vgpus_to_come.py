# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that nova's rules for mediated devices apply before the virtual functions of a card exist."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import nvidia_sriov
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova import nova_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_provider_config import provider_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_tree import placement_tree
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve

STANDARD = {"traits": ["CUSTOM_GOLD", "HW_GPU_API_VULKAN"]}
REMEDY = "If its vGPUs will be virtual functions for guests, set nova.alias"


def plan_of(simulated, exist, **changes):
    """Return the plan of an A40 with mediated devices on virtual functions, which ``exist`` or not."""
    host = simulated("a40")
    address = "0000:41:00.0"
    if not exist:
        nvidia_sriov.run(host.root(), address, enable=False)
    facts = host.facts("physical_functions", "parents", "devices", "iommu", "mdevctl")
    profile = {"name": "a40", "select": [address], "mode": "vf", "num_vfs": "max", "vgpu": {"type": "NVIDIA A40-4Q"}}
    plan = resolve([{**profile, **changes}], facts)
    assert bool(plan["later"]) is not exist
    return plan


def said(function, *arguments, **options):
    with pytest.raises(AnsibleFilterError) as error:
        function(*arguments, **options)
    return str(error.value)


@pytest.mark.parametrize("exist", [True, False])
def test_standard_traits_are_refused(simulated, exist):
    plan = plan_of(simulated, exist, placement=STANDARD)
    text = said(provider_config, plan, "node", "2026.2")
    assert "nova accepts only custom traits from a file, and not HW_GPU_API_VULKAN" in text
    assert (REMEDY in text) is not exist
    text = said(placement_tree, plan, "node", preview=True)
    assert "HW_GPU_API_VULKAN cannot be set on the provider of another service. Use custom traits" in text
    assert (REMEDY in text) is not exist


@pytest.mark.parametrize("exist", [True, False])
def test_a_resource_class_of_pci_devices_is_refused(simulated, exist):
    text = said(plan_of, simulated, exist, placement={"resource_class": "PGPU"})
    assert "the resource class of mediated devices in nova is VGPU or begins with CUSTOM_, and is not PGPU" in text
    assert (REMEDY in text) is not exist


@pytest.mark.parametrize("placement", [STANDARD, {"resource_class": "PGPU"}])
def test_settings_for_pci_devices_decide(simulated, placement):
    plan = plan_of(simulated, False, placement=placement, nova={"alias": "a40"})
    assert provider_config(plan, "node", "2026.2") == ""
    assert [one["name"] for one in placement_tree(plan, "node", preview=True)] == ["node"]


def test_custom_names_are_taken(simulated):
    plan = plan_of(simulated, False, placement={"traits": ["CUSTOM_GOLD"], "resource_class": "CUSTOM_A40"})
    assert provider_config(plan, "node", "2026.2") == ""
    assert [one["name"] for one in placement_tree(plan, "node", preview=True)] == ["node"]


@pytest.mark.parametrize(
    ("nova", "sentence"),
    [
        ({"alias": "a,b"}, "no flavor can request the alias 'a,b'"),
        ({"alias": "a", "max_instances": 3}, "nova.max_instances is only for mediated devices"),
        ({"alias": "a", "one_time_use": True}, "nova fails with one_time_use for virtual functions"),
        ({"numa_policy": "required"}, "nova.numa_policy requires nova.alias"),
    ],
)
def test_settings_of_pci_devices_are_checked(simulated, nova, sentence):
    options = {"report_in_placement": True}
    assert sentence in said(nova_config, plan_of(simulated, False, nova=nova), "2026.2", **options)


def test_right_settings_of_pci_devices(simulated):
    plan = plan_of(simulated, False, nova={"alias": "a40", "numa_policy": "required", "live_migratable": True})
    assert "device_spec" not in nova_config(plan, "2026.2")
