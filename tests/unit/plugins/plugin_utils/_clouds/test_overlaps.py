# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``nova_config`` cover the rest."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import overlaps
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, ports

OFF = {"pci_in_placement": False}


def test_three_profiles():
    cards = [mdevs(str(number), profile=str(number), name=f"0000:8{number}:00.0") for number in range(3)]
    assert len(overlaps.of_mdevs(cards)) == 6
    cards[0]["resource_class"] = "CUSTOM_A"
    assert [line.partition(":")[0] for line in overlaps.of_mdevs(cards)] == ["profile 1", "profile 2"]


def test_types_of_one_profile_are_one_to_guests():
    assert overlaps.of_mdevs([mdevs("a"), mdevs("b", name="0000:85:00.0")]) == []


def test_two_cards_of_another_profile_are_told_once():
    others = [ports(name=f"0000:8{number}:00.0", profile="b", nova={}) for number in range(3)]
    assert len(overlaps.of_aliases([ports(nova={"alias": "a"}), *others], OFF)) == 1
