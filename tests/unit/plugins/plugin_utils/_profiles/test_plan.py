# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test what concerns several cards; the tests of the filter ``resolve`` cover the whole plan."""

from __future__ import annotations

import re

from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import fleet
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import plan


def test_what_is_wrong_with_a_profile_hides_nothing_of_its_cards(simulated):
    facts = simulated("nics").facts()
    card = next(card for card in facts["physical_functions"] if card["total_vfs"])
    pf = card["address"]
    profiles = [
        {"name": "wrong", "select": [pf], "mode": "vf", "num_vfs": -1},
        {"name": "absent", "select": ["0000:ff:00.0"], "required": True, "mode": "vf", "num_vfs": "all"},
        {"name": "question", "select": "a = 1", "required": True, "mode": "pf"},
        {"name": "many", "select": [pf], "mode": "vf", "num_vfs": 9999},
    ]
    problems = plan(profiles, facts)[1]
    assert [re.split(", and|, but|[.] ", problem)[0] for problem in problems] == [
        "profile wrong: num_vfs must be a whole number from 0 to 65535, or max",
        "profile absent: num_vfs must be a whole number from 0 to 65535, or max",
        "profile question: select cannot be used",
        "profile absent: required is true",
        f"profiles wrong and many, {pf}: a card can only be in one profile",
        f"profile many, {pf}: the card supports at most {card['total_vfs']} virtual functions",
    ]


def test_two_profiles_of_a_card_have_no_different_meanings_of_its_type(simulated):
    facts = simulated("t4").facts()
    parent = facts["parents"][0]["name"]
    one = {"select": [parent], "vgpu": {"type": "GRID T4-2B"}}
    profiles = [{**one, "name": "a"}, {**one, "name": "b", "placement": {"resource_class": "CUSTOM_GOLD"}}]
    assert plan(profiles, facts)[1] == [
        f"profiles a and b, {parent}: a card can only be in one profile. Restrict select of one profile"
    ]


def gpu_with_audio():
    common = {"address": "0000:01:00.0", "vendor": "10de", "device": "1e04", "class_code": "030000", "driver": "nvidia"}
    audio = {"address": "0000:01:00.1", "class_code": "040300", "driver": "snd_hda_intel", "group_with": "0000:01:00.0"}
    return {"functions": [common, {**common, **audio}]}


def test_functions_that_go_along_with_a_card(simulated):
    facts = simulated(gpu_with_audio()).facts(*run_facts.DEFAULT_PARTS)
    both = {"name": "gpus", "select": ["0000:01:00.0", "0000:01:00.1"], "owner": "none", "mode": "pf"}
    result, problems = plan([both], facts)
    assert not problems
    assert [(one["pf"], one["mode"]) for one in result["functions"]] == [(name, "pf") for name in both["select"]]
    assert [(card["name"], card["total"]) for card in result["cards"]] == [("0000:01:00.0", 1)]
    audio = {**both, "select": both["select"][1:]}
    assert fleet.warnings({"host": fleet.selection([both], facts)}) == []
    assert fleet.warnings({"host": fleet.selection([audio], facts)}) == []
    _result, problems = plan([{**audio, "mode": "vf", "num_vfs": 1}], facts)
    assert problems == [
        "profile gpus: 0000:01:00.1 has neither virtual functions nor vGPUs, so it requires mode: pf",
    ]
    _result, problems = plan([both, {**audio, "name": "sound"}], facts)
    assert problems == [
        "profiles gpus and sound, 0000:01:00.1: a card can only be in one profile. Restrict select of one profile",
    ]


def test_a_network_card_is_not_for_cyborg_with_one_sentence(simulated):
    nic = {"name": "x", "select": ["0000:31:00.0"], "owner": "cyborg", "mode": "vf", "num_vfs": 2}
    assert plan([nic], simulated("nics").facts())[1] == [
        "profile x, 0000:31:00.0: Cyborg's GPU driver supports NVIDIA GPUs only. Set owner: nova or owner: none"
    ]


def test_a_virtual_function_is_not_selected_alone(switch):
    run = switch("nics")
    pf = "0000:31:00.0"
    run({"pf": pf, "mode": "vf", "num_vfs": "2"})
    facts = run.host.facts()
    virtual = next(card for card in facts["physical_functions"] if card["address"] == pf)["virtual_functions"][0]
    assert plan([{"name": "x", "select": [pf, virtual["address"]], "mode": "vf"}], facts)[1] == [
        f"profile x: {virtual['address']} is a virtual function of {pf}. Select the card by the address of its "
        f"physical function: {pf}"
    ]
