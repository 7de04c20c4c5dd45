# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/integration/nova tests with nova itself how it reads the text."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.provider_config import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, refusals, vendor_vgpus, whole

provider_config = FilterModule().filters()["provider_config"]

GOLD = {"traits": ["CUSTOM_TIER_GOLD", "CUSTOM_A"]}


def test_traits_of_the_providers_of_nova():
    text = provider_config(plan(mdevs(**GOLD)), "compute1", 34)
    assert text == (
        "# Managed by vfio.devices.provider_config. Manual changes are overwritten.\n"
        "meta:\n"
        "  schema_version: '1.0'\n"
        "providers:\n"
        "- identification:\n"
        "    name: compute1_pci_0000_84_00_0\n"
        "  traits:\n"
        "    additional:\n"
        "    - CUSTOM_A\n"
        "    - CUSTOM_TIER_GOLD\n"
    )


def test_each_parent_that_nova_reports():
    text = provider_config(plan(mdevs(totals=(1, 0, 1), **GOLD), mdevs(name="mtty", address=None, **GOLD)), "c", 34)
    names = [provider["identification"]["name"] for provider in yaml.safe_load(text)["providers"]]
    assert names == ["c_pci_0000_84_00_4", "c_pci_0000_84_00_6", "c_mtty_mtty"]


def test_nothing_to_add():
    cards = [mdevs(), whole(name="0000:85:00.0", **GOLD), vendor_vgpus(name="0000:86:00.0", **GOLD)]
    assert provider_config(plan(*cards, ports(owner="none", resource_class="CUSTOM_X")), "c", 34) == ""


def test_inventories_of_the_compute_node():
    cards = [
        ports(owner="none", resource_class="CUSTOM_NIC_VF"),
        ports(owner="none", resource_class="CUSTOM_NIC_VF", name="0000:85:00.0"),
        whole(owner="none", resource_class="CUSTOM_CARD", name="0000:86:00.0"),
    ]
    assert yaml.safe_load(provider_config(plan(*cards), "c", 34, inventories=True))["providers"] == [
        {
            "identification": {"uuid": "$COMPUTE_NODE"},
            "inventories": {
                "additional": [
                    {"CUSTOM_CARD": {"total": 1, "max_unit": 1}},
                    {"CUSTOM_NIC_VF": {"total": 8, "max_unit": 8}},
                ]
            },
        }
    ]
    assert provider_config(plan(mdevs(owner="none", totals=(0,), resource_class="CUSTOM_X")), "c", 34, True) == ""


REFUSED = [
    (
        [mdevs(traits=["HW_GPU_API_VULKAN"])],
        {},
        "nova accepts only custom traits from a file, and not HW_GPU_API_VULKAN",
    ),
    ([ports(owner="none")], {"inventories": True}, "an inventory requires placement.resource_class"),
    (
        [ports(owner="none", resource_class="PGPU")],
        {"inventories": True},
        "nova accepts only custom resource classes from a file, and not",
    ),
    ([], {"release": 21}, "nova 21 does not read such files"),
]


@pytest.mark.parametrize(("cards", "options", "sentence"), REFUSED)
def test_refusals(cards, options, sentence):
    (line,) = refusals(provider_config, plan(*cards), "c", **{"release": 34, **options})
    assert sentence in line


@pytest.mark.parametrize("root", ["", " c", "c" * 200])
def test_names_that_placement_does_not_take(root):
    with pytest.raises(AnsibleFilterError, match="is not the name of a provider"):
        provider_config(plan(mdevs(**GOLD)), root, 34)


@pytest.mark.parametrize("garbage", [None, [], {"cards": [{}], "later": []}])
def test_what_is_no_plan(garbage):
    with pytest.raises(AnsibleFilterError, match="needs a plan of vfio.devices.resolve"):
        provider_config(garbage, "c", 34)


def test_inventory_with_the_class_of_mediated_devices():
    cards = [mdevs(resource_class="CUSTOM_X"), ports(owner="none", resource_class="CUSTOM_X", name="0000:85:00.0")]
    assert refusals(provider_config, plan(*cards), "c", 34, True) == [
        "profile p, 0000:85:00.0: guests that ask nova for CUSTOM_X would get no device. Use another "
        "placement.resource_class"
    ]
