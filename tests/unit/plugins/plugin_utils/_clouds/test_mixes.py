# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the settings of cards with several types."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.filter.flavor_extra_specs import flavor_extra_specs
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova, provider_tree
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, refusals, vendor_vgpus

NAMES = ("NVIDIA L40S-4Q", "NVIDIA L40S-8Q")


def mixed(make, *changes, **of_card):
    """Return a card with a type for each of ``changes``, on two virtual functions each."""
    card = make(totals=(1,) * 2 * len(changes), **of_card)
    shares = []
    for place, (name, change) in enumerate(zip(NAMES, changes)):
        kind = {"id": str(1150 + place), "name": name, "device_api": "vfio-pci"}
        parents = [{**one, "type": kind["id"]} for one in card["parents"][2 * place : 2 * place + 2]]
        parts = {key: card[key] for key in ("resource_class", "traits", "nova")}
        shares.append({"type": kind, "next_type": None, "parents": parents, "count": 2, "total": 2, **parts, **change})
    return {**card, "type": None, "shares": shares}


def test_guests_tell_the_types_of_one_profile_apart():
    sentence = "profile p, NVIDIA L40S-4Q: guests that ask for its devices also get those of profile p, NVIDIA L40S-8Q"
    (first, second) = refusals(nova.nova_config, plan(mixed(mdevs, {}, {})), 34)
    assert first.startswith(sentence)
    assert second.startswith("profile p, NVIDIA L40S-8Q: ")
    text = nova.nova_config(plan(mixed(mdevs, {"resource_class": "CUSTOM_4Q"}, {})), 34)
    assert "enabled_mdev_types = 1150,1151" in text
    assert "[mdev_1150]\ndevice_addresses = 0000:84:00.4,0000:84:00.5\nmdev_class = CUSTOM_4Q\n" in text
    assert "[mdev_1151]\ndevice_addresses = 0000:84:00.6,0000:84:00.7\n" in text


def test_vendor_specific_vgpus_of_one_card_are_one_kind_to_nova():
    aliases = [{"nova": {"alias": name}} for name in ("small", "large")]
    found = refusals(nova.nova_config, plan(mixed(vendor_vgpus, *aliases)), 34)
    assert len(found) == 2
    assert all(
        "nova does not distinguish vGPUs of one card. Use one type on each card, or give both" in one for one in found
    )
    classes = [{**alias, "resource_class": name} for alias, name in zip(aliases, ("CUSTOM_A", "CUSTOM_B"))]
    (only,) = refusals(
        nova.nova_config, plan(mixed(vendor_vgpus, *classes)), 34, report_in_placement=True, pci_in_placement=True
    )
    assert only.startswith(
        "profile p, 0000:84:00.0, NVIDIA L40S-8Q: nova rejects virtual functions of one card with different "
    )


def test_one_alias_for_any_of_the_types():
    text = nova.nova_config(plan(mixed(vendor_vgpus, {}, {}, nova={"alias": "any"})), 34)
    assert text.count("device_spec = ") == 4
    assert text.count("alias = ") == 1


def test_a_flavor_for_each_type():
    card = mixed(mdevs, {"resource_class": "CUSTOM_4Q"}, {"traits": ["CUSTOM_LARGE"]})
    assert flavor_extra_specs(plan(card)) == {
        "p, NVIDIA L40S-4Q": {"resources:CUSTOM_4Q": "1"},
        "p, NVIDIA L40S-8Q": {"resources:VGPU": "1", "trait:CUSTOM_LARGE": "required"},
    }


def test_one_provider_has_an_inventory_of_each_type():
    changes = [{"resource_class": "CUSTOM_4Q"}, {"resource_class": "CUSTOM_8Q", "total": 0}]
    (_root, provider) = provider_tree.placement_tree(plan(mixed(vendor_vgpus, *changes, owner="none")), "node")
    assert provider["inventories"] == {"CUSTOM_4Q": {"total": 2}}
    assert "CUSTOM_VFIO_TYPE_NVIDIA_L40S_8Q" in provider["traits"]
    (sentence,) = refusals(provider_tree.placement_tree, plan(mixed(vendor_vgpus, {}, {}, owner="none")), "node")
    assert sentence.endswith(
        "guests that ask for CUSTOM_VGPU would get any of its types. Give each entry of vgpu a "
        "placement.resource_class of its own"
    )


@pytest.mark.parametrize("drain", [False, True])
def test_providers_of_nova_have_the_traits_of_their_type(drain):
    card = mixed(mdevs, {"traits": ["CUSTOM_SMALL"]}, {"traits": ["CUSTOM_LARGE"]})
    if drain:
        assert len(refusals(provider_tree.placement_tree, plan(card), "node", drain=True)) == 1
        return
    (_root, *providers) = provider_tree.placement_tree(plan(card), "node")
    assert [provider["traits"] for provider in providers] == [["CUSTOM_SMALL"]] * 2 + [["CUSTOM_LARGE"]] * 2
