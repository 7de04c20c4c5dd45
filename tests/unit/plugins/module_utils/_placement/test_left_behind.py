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
HOST = {"name": "node", "cards": ["0000:41:00.0", "0000:81:00.0"], "mdev_parents": ["0000:41:00.0"]}


def warnings(host, name, **fields):
    other = provider(UUID, name, **{"inventories": {"VGPU": inventory(8)}, "traits": [], **fields})
    cloud = FakePlacement(root(), other)
    for check in (True, False):
        found, sentences = converge.converge(cloud, OPTIONS, parse(host), check)
        assert not found["changed"]
    return sentences


@pytest.mark.parametrize("traits", [[], ["OWNER_NOVA"], ["CUSTOM_GOLD"]])
@pytest.mark.parametrize("name", ["node_pci_0000_81_00_0", "old.example.org_pci_0000_81_00_0"])
def test_a_provider_that_nova_has_left_behind(name, traits):
    (sentence,) = warnings(HOST, name, traits=traits)
    assert sentence.startswith(f"{name} ({UUID}) offers mediated devices that nova does not have")
    assert sentence.endswith(f"remove it with: openstack resource provider delete {UUID}")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("node_pci_0000_41_00_0", {}),
        ("node_pci_0000_81_00_0", {"inventories": {}}),
        ("node_pci_0000_81_00_0", {"inventories": {"VGPU": {**inventory(8), "reserved": 8}}}),
        ("node_pci_0000_81_00_0", {"traits": ["OWNER_CYBORG"]}),
        ("node_0000:81:00.0", {}),
        ("node_mtty_mtty", {}),
    ],
)
def test_other_providers(name, fields):
    assert warnings(HOST, name, **fields) == []


def test_roots_whose_parents_are_unknown():
    assert warnings({"name": "node", "cards": HOST["cards"]}, "node_pci_0000_81_00_0") == []


def test_a_card_with_two_providers_has_one_sentence():
    ours = {
        "name": "node_vfio_0000:81:00.0",
        "parent": "node",
        "inventories": {"CUSTOM_VF": {"total": 8}},
        "traits": [],
    }
    other = provider(UUID, "node_pci_0000_81_00_0", inventories={"VGPU": inventory(8)}, traits=["OWNER_NOVA"])
    (sentence,) = converge.converge(FakePlacement(root(), other), OPTIONS, parse(HOST, ours), False)[1]
    assert "represent the same card" in sentence
