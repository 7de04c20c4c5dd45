# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import converge
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    OPTIONS,
    FakePlacement,
    inventory,
    parse,
    provider,
    root,
)

UUID = "00000000-0000-0000-0000-0000000000a0"
OURS = "node_vfio_0000:81:00.0"
HOST = {"name": "node", "cards": ["0000:81:00.0"]}
ENTRY = {"name": OURS, "parent": "node", "inventories": {"CUSTOM_VF": {"total": 8}}, "traits": []}


def warnings(other, *entries):
    cloud = FakePlacement(root(), other)
    for check in (True, False, False):
        found, sentences = converge.converge(cloud, OPTIONS, parse(HOST, ENTRY, *entries), check)
    assert not found["changed"]
    return sentences


def of_others(name="node_0000:81:00.0", total=8, **fields):
    fields = {"inventories": {"CUSTOM_PCI": inventory(total)}, "traits": ["COMPUTE_MANAGED_PCI_DEVICE"], **fields}
    return provider(UUID, name, **fields)


@pytest.mark.parametrize(
    ("other", "advice"),
    [
        (of_others(), "Set owner: nova in the profile, or remove the card from the settings of nova-compute"),
        (of_others("node_pci_0000_81_00_0", traits=["OWNER_NOVA"]), "Set owner: nova"),
        # nova removes such a provider neither at its restart nor later, and before 34 it sets no trait there.
        (of_others("node_pci_0000_81_00_0", traits=["OWNER_NOVA"]), f"openstack resource provider delete {UUID}"),
        (of_others("node_pci_0000_81_00_0", traits=[]), "restart it. nova-compute leaves its provider behind."),
        (of_others("node_pci_0000_81_00_0", traits=[]), f" ({UUID} of nova) represent the same card"),
        (of_others("NODE_0000:81:00.0", traits=["OWNER_CYBORG"]), "remove the card from the settings of cyborg-agent"),
        (of_others(traits=[]), f"Remove the other provider with: openstack resource provider delete {UUID}"),
    ],
)
def test_card_that_another_service_offers_too(other, advice):
    (sentence,) = warnings(other)
    assert sentence.startswith(f"{OURS} and {other['name']} ({UUID}")
    assert "represent the same card, so Placement offers the card twice" in sentence
    assert advice in sentence


@pytest.mark.parametrize(
    "other",
    [
        of_others("node_0000:41:00.0"),
        of_others(inventories={}),
        of_others(inventories={"CUSTOM_PCI": {**inventory(8), "reserved": 8}}),
    ],
)
def test_provider_that_offers_nothing_of_the_card(other):
    assert warnings(other) == []


def test_listed_provider_of_another_service():
    assert warnings(of_others(), {"name": "node_0000:81:00.0", "parent": "node", "traits": []}) == []
