# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression as profiles_expression
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.tests.simhost import profile as profiles


def profile(name="a", expression=None, names=(), required=False, mode=None):
    compiled = profiles_expression.compiled(expression, selection.FIELDS) if expression else None
    return {"name": name, "expression": compiled, "names": list(names), "required": required, "mode": mode}


CARDS = {
    "0000:3b:00.0": {
        "name": "0000:3b:00.0",
        "vendor_id": "10de",
        "numa_node": 0,
        "netdevs": [],
        "types": [{"id": "x"}],
    },
    "0000:41:00.0": {
        "name": "0000:41:00.0",
        "vendor_id": "8086",
        "numa_node": 1,
        "netdevs": ["ens1f0"],
        "types": [],
        "virtual_functions": [{"address": "0000:41:10.0"}],
    },
    "mtty": {"name": "mtty", "types": [{"id": "mtty-1"}]},
}


def selected(*profiles):
    problems = []
    pairs = selection.select(profiles, CARDS, problems)
    return [(one["name"], card["name"]) for one, card in pairs], problems


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("vendor_id == '10de'", ["0000:3b:00.0"]),
        ("numa_node", ["0000:3b:00.0", "0000:41:00.0"]),
        ("types[?id=='mtty-1']", ["mtty"]),
        ("bus", []),
        ("contains(netdevs || `[]`, 'ens1f0')", ["0000:41:00.0"]),
    ],
)
def test_truth_is_that_of_jmespath(expression, names):
    assert selected(profile(expression=expression)) == ([("a", name) for name in names], [])


def test_a_question_that_a_card_cannot_answer():
    pairs, problems = selected(profile(expression="contains(netdevs, 'ens1f0')"))
    assert pairs == [("a", "0000:41:00.0")]
    assert len(problems) == 1 and problems[0].startswith("profile a, mtty: select cannot be evaluated. ")


def test_names_of_cards_interfaces_and_others():
    names = ["ens1f0", "0000:41:00.0", "mtty", "0000:ff:00.0"]
    assert selected(profile(names=names)) == ([("a", "0000:41:00.0"), ("a", "mtty")], [])


def test_a_card_is_in_one_profile():
    pairs, problems = selected(profile("a", names=["mtty"]), profile("b", expression="name == 'mtty'"))
    assert pairs == [("a", "mtty"), ("b", "mtty")]
    assert problems == ["profiles a and b, mtty: a card can only be in one profile. Restrict select of one profile"]


@pytest.mark.parametrize(("pci_class", "missing"), [("0302", []), ("0200", ["0000:3b:00.1"]), (None, ["0000:3b:00.1"])])
def test_the_facts_lack_the_audio_function_of_a_gpu_without_the_iommu(pci_class, missing):
    cards = {"0000:3b:00.0": {**CARDS["0000:3b:00.0"], "class": pci_class}}
    assert selection.missing(["0000:3b:00.0", "0000:3b:00.1"], cards, ()) == missing


def test_what_is_required():
    assert selected(profile(names=["x"], required=True))[1] == [
        "profile a: required is true, but the host has no x. The host has 0000:3b:00.0, 0000:41:00.0, mtty. "
        "Correct select, or set required: false"
    ]
    assert selected(profile(expression="vendor_id == '15b3'", required=True))[1] == [
        "profile a: required is true, but no card meets select. The host has 0000:3b:00.0, 0000:41:00.0, mtty. "
        "Correct select, or set required: false"
    ]


def test_a_passed_through_card_has_no_interface():
    why = "must be a PCI address, because the interface disappears with the driver of the card. Write"
    pairs, problems = selected(profile(names=["ens1f0", "ens2f0", "0000:3b:00.0", "mtty"], mode="pf"))
    assert [name for _profile, name in pairs] == ["0000:41:00.0", "0000:3b:00.0", "mtty"]
    assert problems == [
        f"profile a: select 'ens1f0' {why} 0000:41:00.0",
        f"profile a: select 'ens2f0' {why} the address that `lspci` shows",
    ]
    (problem,) = selected(profile(names=["0000:41:10.0"], mode="pf"))[1]
    assert problem.endswith(
        "is a virtual function of 0000:41:00.0. Select the card by the address of its physical function: 0000:41:00.0"
    )


def test_required_is_about_each_name_of_a_list():
    names = ["ens1f9", "0000:41:00.0", "0000:ff:00.0"]
    (problem,) = selected(profile(names=names, required=True))[1]
    assert "the host has no ens1f9 or 0000:ff:00.0. Did you mean ens1f0?" in problem
    present = profile(names=["0000:3b:00.0", "0000:3b:00.1", "0000:41:10.0"], required=True)
    problems = []
    selection.select([present], CARDS, problems, ["0000:3b:00.1"])
    assert [one for one in problems if "required" in one] == []


def test_subjects_of_a_host(simulated):
    cards = selection.subjects(simulated("mtty").facts())
    assert [one["id"] for one in cards["mtty"]["types"]] == ["mtty-1", "mtty-2"]
    cards = selection.subjects(simulated("a40").facts())
    card = next(card for card in cards.values() if card.get("framework"))
    assert len(card["parents"]) == len(card["virtual_functions"]) == 32
    assert len({one["id"] for one in card["types"]}) == len(card["types"])


KINDS = {
    "text": (str, type(None)),
    "number": (int, type(None)),
    "boolean": (bool, type(None)),
    None: (list, dict, type(None)),
}


def test_fields_are_those_of_the_facts(simulated):
    found = set()
    for name in profiles.names():
        for card in selection.subjects(simulated(name).facts()).values():
            found |= set(card)
            for field, kind in selection.FIELDS.items():
                if isinstance(kind, tuple):
                    assert card.get(field) in (*kind, None)
                else:
                    assert isinstance(card.get(field), KINDS[kind])
    assert found | {"users", "mig"} == set(selection.FIELDS)
