# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``nova_config`` cover the rest."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import overlaps
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_spec import Function
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


ALIAS = ports(nova={"alias": "a"})
OTHER = {"name": "0000:85:00.0", "profile": "b"}


@pytest.mark.parametrize(
    "card, other, matches",
    [
        (ALIAS, ports(**OTHER, nova={"physical_network": "one"}), True),
        # nova keeps functions of a DPU and functions with a vDPA device for neutron ports.
        (ALIAS, ports(**OTHER, nova={"physical_network": "one", "remote_managed": True}), False),
        (ALIAS, ports(**OTHER, num_vfs=1, vdpa_functions=["0000:85:10.0"], nova={"physical_network": "one"}), False),
        (ALIAS, ports(**OTHER, num_vfs=2, vdpa_functions=["0000:85:10.0"], nova={"physical_network": "one"}), True),
        # An alias with live_migratable excludes other functions, but not the reverse.
        (ports(nova={"alias": "a", "live_migratable": True}), ports(**OTHER, nova={"alias": "b"}), False),
        (ALIAS, ports(**OTHER, nova={"alias": "b", "live_migratable": True}), True),
    ],
)
def test_functions_that_nova_excludes_from_an_alias(card, other, matches):
    assert overlaps.matches(card, other, OFF) is matches


def test_functions_of_a_group_without_those_with_a_vdpa_device():
    other = ports(**OTHER, num_vfs=2, vdpa_functions=["0000:85:10.0"], host_functions=["0000:85:10.1"], nova={})
    assert not overlaps.matches(ALIAS, other, OFF)


@pytest.mark.parametrize("tags, matches", [({}, True), ({"remote_managed": "True"}, False)])
def test_functions_of_no_profile(tags, matches):
    card = ports(**OTHER)
    function = Function("0000:85:10.0", card["name"], "8086", "1889", False, ())
    assert overlaps.matches(ALIAS, overlaps.of_function(function, card, tags), OFF) is matches
    assert not overlaps.matches(
        ALIAS, overlaps.of_function(function, {**card, "vdpa_functions": [function.address]}, tags), OFF
    )
