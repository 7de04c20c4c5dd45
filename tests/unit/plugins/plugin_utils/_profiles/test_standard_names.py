# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import standard_names


@pytest.fixture
def os_traits(monkeypatch):
    monkeypatch.setattr(
        standard_names, "os_traits", types.SimpleNamespace(get_traits=lambda: ["HW_NIC_SRIOV", "HW_GPU_API"])
    )


@pytest.mark.parametrize("text", ["VGPU", "PGPU", "PCI_DEVICE", "SRIOV_NET_VF", "FPGA", "CUSTOM_NFV_VF"])
def test_classes(text):
    assert standard_names.resource_class(text) == text


@pytest.mark.parametrize("text", ["NFV_VF", "VCPU", "MEMORY_MB", "VGPUS", "A" * 255])
def test_classes_that_are_none(text):
    with pytest.raises(
        ValueError, match=f"{text} is not a standard class for devices. The standard classes are FPGA.* Write CUSTOM_"
    ):
        standard_names.resource_class(text)


@pytest.mark.parametrize("text", ["vgpu", "", "CUSTOM_", "CUSTOM_a", "CUSTOM_A\n", "A" * 256, "\uff21"])
def test_what_cannot_be_a_class(text):
    with pytest.raises(ValueError, match="is not a resource class such as VGPU"):
        standard_names.resource_class(text)
    with pytest.raises(ValueError, match="is not a trait such as CUSTOM_TIER_GOLD"):
        standard_names.trait(text)


@pytest.mark.parametrize("text", ["HW_NIC_SRIOV", "CUSTOM_TIER_GOLD"])
def test_traits(os_traits, text):
    assert standard_names.trait(text) == text


@pytest.mark.parametrize(
    ("text", "said"), [("HW_NIC_SRIOVS", "Did you mean HW_NIC_SRIOV"), ("TIER", "Write CUSTOM_TIER")]
)
def test_traits_that_are_none(os_traits, text, said):
    with pytest.raises(ValueError, match=f"trait {text} is not a standard trait.*{said}"):
        standard_names.trait(text)


def test_without_os_traits_every_standard_trait_is_taken(monkeypatch):
    monkeypatch.setattr(standard_names, "os_traits", None)
    assert standard_names.trait("HW_NIC_SRIOVS") == "HW_NIC_SRIOVS"
