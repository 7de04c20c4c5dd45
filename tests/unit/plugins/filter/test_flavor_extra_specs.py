# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.flavor_extra_specs import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, vendor_vgpus, whole

flavor_extra_specs = FilterModule().filters()["flavor_extra_specs"]


@pytest.mark.parametrize(
    ("card", "specs"),
    [
        (mdevs(), {"resources:VGPU": "1"}),
        (
            mdevs(resource_class="CUSTOM_MLX5", traits=["CUSTOM_B", "CUSTOM_A"]),
            {"resources:CUSTOM_MLX5": "1", "trait:CUSTOM_A": "required", "trait:CUSTOM_B": "required"},
        ),
        (whole(nova={"alias": "gpu"}, resource_class="CUSTOM_X"), {"pci_passthrough:alias": "gpu:1"}),
        (vendor_vgpus(nova={"alias": "vgpu"}), {"pci_passthrough:alias": "vgpu:1"}),
        (ports(nova={"groups": [{"vfs": "0"}, {"vfs": "1", "alias": "nic"}]}), {"pci_passthrough:alias": "nic:1"}),
        (mdevs(owner="cyborg"), {"accel:device_profile": "p"}),
    ],
)
def test_what_a_flavor_asks_for(card, specs):
    assert flavor_extra_specs(plan(card)) == {"p": specs}


def test_what_no_flavor_can_ask_for():
    cards = [ports(nova={"physical_network": "n"}), mdevs(owner="none", name="0000:85:00.0")]
    assert flavor_extra_specs(plan(*cards, later=[mdevs(name="0000:86:00.0")])) == {}


def test_profiles_in_order():
    specs = flavor_extra_specs(plan(mdevs(profile="b"), mdevs(profile="a", name="0000:85:00.0")))
    assert list(specs) == ["a", "b"]


@pytest.mark.parametrize("garbage", [None, [], {"cards": [{}], "later": []}])
def test_what_is_no_plan(garbage):
    with pytest.raises(AnsibleFilterError, match="needs a plan of vfio.devices.resolve"):
        flavor_extra_specs(garbage)


def test_several_devices_for_a_guest():
    two = {"nova": {"count": 2, "alias": "nfv"}}
    assert flavor_extra_specs(plan(ports(**two))) == {"p": {"pci_passthrough:alias": "nfv:2"}}
    assert flavor_extra_specs(plan(mdevs(nova={"count": 2}, traits=["CUSTOM_A"]))) == {
        "p": {
            "resources1:VGPU": "1",
            "trait1:CUSTOM_A": "required",
            "resources2:VGPU": "1",
            "trait2:CUSTOM_A": "required",
            "group_policy": "none",
        }
    }
