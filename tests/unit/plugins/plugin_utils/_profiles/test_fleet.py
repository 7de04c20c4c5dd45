# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import (
    fleet_refusals,
    missing_cards,
    selection,
    selection_warnings,
)

DESKTOPS = {"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2Q"}}


def select(simulated, **profiles):
    """Return the selection on some hosts; each host has the name of its simulated profile."""
    return {host: selection(of_host, simulated(host).facts()) for host, of_host in profiles.items()}


def test_each_profile_has_its_cards_with_their_models(simulated):
    found = selection([DESKTOPS, {"name": "wrong", "select": "product_id = 5"}], simulated("t4").facts())
    assert found["declared"]
    assert found["cards"]["0000:18:00.0"] == "8086:1521"
    assert found["profiles"][0] == {
        "name": "desktops",
        "owner": "nova",
        "select": DESKTOPS["select"],
        "cards": {"0000:3b:00.0": "10de:1eb8", "0000:af:00.0": "10de:1eb8"},
        "missing": [],
        "lacks": "",
    }


def test_what_selects_a_card_somewhere_is_fine(simulated):
    assert selection_warnings(select(simulated, t4=[DESKTOPS])) == []
    (warning,) = selection_warnings(select(simulated, t4=[DESKTOPS], nics=[DESKTOPS]))
    assert warning == (
        "No profile selects a card on nics. No card is configured there, and site removes the settings of earlier runs."
    )


def test_what_selects_no_card_anywhere_is_one_warning_with_the_cards_that_there_are(simulated):
    (warning,) = selection_warnings(select(simulated, nics=[DESKTOPS], empty=[DESKTOPS]))
    assert warning == (
        "Profile desktops selects no card on nics, empty (2 hosts). No card meets select: product_id == '1eb8'. Their "
        "cards are 2 x 8086:10c9, 2 x 8086:159b, 1 x 15b3:101d, 1 x 14e4:1750, 1 x 1af4:1000. "
        "Run `ansible-playbook -i INVENTORY vfio.devices.discover` to show them."
    )


def test_profiles_of_one_name_that_select_in_another_way_are_not_the_same(simulated):
    other = {**DESKTOPS, "select": "product_id == '2235'"}
    assert selection_warnings(select(simulated, t4=[DESKTOPS], a40=[other])) == []


def test_with_limit_a_profile_may_be_for_the_other_hosts(simulated):
    nics = {"name": "ports", "select": "product_id == '159b'", "mode": "vf", "num_vfs": 2}
    assert selection_warnings(select(simulated, t4=[DESKTOPS, nics]), ["nics"]) == []
    (warning,) = selection_warnings(select(simulated, empty=[DESKTOPS], a40=[DESKTOPS]), ["t4"])
    assert warning == (
        "No profile selects a card on empty, a40 (2 hosts). "
        "No card is configured there, and site removes the settings of earlier runs. "
        "Their cards are 2 x 10de:2235, 1 x 1af4:1000. "
        "Run `ansible-playbook -i INVENTORY vfio.devices.discover` to show them."
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": None},
        {"mode": "vfs"},
        {"select": "class == '0200' && total_vfs >= 64"},
        {"select": "product_id == 'ffff'", "num_vfs": 4},
    ],
)
def test_an_invalid_profile_is_not_a_selection_of_nothing(simulated, wrong):
    invalid = {**DESKTOPS, "name": "invalid", "select": "product_id == 'ffff'", **wrong}
    assert selection_warnings(select(simulated, t4=[invalid, DESKTOPS], nics=[invalid])) == []


def test_a_list_is_for_cards_of_one_model(simulated):
    cards = {"name": "cards", "select": ["0000:41:00.0", "0000:3b:00.0"], "mode": "pf"}
    (warning,) = selection_warnings(select(simulated, t4=[cards], a40=[cards]))
    assert "different models by one list: 10de:1eb8 (0000:3b:00.0 on t4), 10de:2235 (0000:41:00.0 on a40)." in warning
    # In host_vars each host has a list of its own.
    own = {**cards, "select": ["0000:41:00.0"]}
    assert selection_warnings(select(simulated, t4=[{**cards, "select": ["0000:3b:00.0"]}], a40=[own])) == []
    both = {"name": "all", "select": "class == '0302'", "mode": "pf"}
    assert selection_warnings(select(simulated, t4=[both], a40=[both])) == []


def test_a_host_with_some_cards_of_a_list_lacks_the_others(simulated):
    facts = simulated("t4").facts()
    some = {"name": "a", "select": ["0000:3b:00.0", "0000:d8:00.0"], "mode": "pf"}
    none = {"name": "b", "select": ["0000:d9:00.0", "0000:da:00.0"], "mode": "pf"}
    found = selection([some, none, DESKTOPS], facts)
    sentence = "profile a: the host has no 0000:d8:00.0. Correct select, or run lspci on the host to check the card"
    assert missing_cards(found, []) == [sentence]
    # A list without any card can be for another host, unless this host had the card.
    of_settings = missing_cards(found, ['device_spec = {"address": "0000:d9:00.0"}'])
    assert of_settings[0] == sentence and "profile b: the host has no 0000:d9:00.0 or 0000:da:00.0." in of_settings[1]


def test_hosts_without_profiles(simulated):
    (warning,) = selection_warnings(select(simulated, t4=[DESKTOPS], nics=[]))
    assert warning == "vfio_profiles is empty or not set for nics, so nothing is configured there."
    (warning,) = selection_warnings(select(simulated, nics=[]), ["gpu1", "gpu2"])
    assert "The hosts with vfio_profiles are gpu1, gpu2 (2 hosts), and --limit leaves them out." in warning


def test_a_long_list_of_hosts_is_cut():
    none = {"declared": False, "valid": True, "cards": {}, "profiles": []}
    (warning,) = selection_warnings({f"web{number}": none for number in range(9)})
    assert "web4 and 4 more (9 hosts)" in warning


def test_the_same_errors_are_said_once():
    errors = ["vfio_profiles cannot be used on this host:", "profile a: it has no select"]
    texts = fleet_refusals({"a": errors, "b": [], "c": errors, "d": ["other"]})
    assert texts == {
        "a": "\n".join([*errors, "The same errors: a, c (2 hosts)."]),
        "c": "vfio_profiles has the same errors on this host as on a. See a.",
        "d": "other",
    }


@pytest.mark.parametrize("value", [None, 5, {"a": 5}, {"a": {}}, {"a": {"declared": True}}, ["a"]])
def test_other_input_is_refused(value):
    with pytest.raises(AnsibleFilterError, match="selection_warnings"):
        selection_warnings(value)
    if value not in ({"a": {}}, {"a": {"declared": True}}):
        with pytest.raises(AnsibleFilterError, match="fleet_refusals"):
            fleet_refusals(value)
    with pytest.raises(AnsibleFilterError, match="selection"):
        selection([], value)
