# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._placement import wanted
from ansible_collections.vfio.devices.tests.unit.placement_fake import MARKER, OPTIONS, inventory, parse
from hypothesis import given
from hypothesis import strategies as st


def problems(*providers, **options):
    with pytest.raises(Refused) as caught:
        parse(*providers, **options)
    return caught.value.problems


def test_one_form():
    entries = parse(
        {
            "name": "n_a",
            "parent": "n",
            "inventories": {"VGPU": {"total": 2}},
            "traits": ["CUSTOM_B", "CUSTOM_A", MARKER],
        },
        {"name": "n", "uuid": "AAAAAAAA-0000-0000-0000-000000000000"},
    )
    assert entries[0] == {
        "item": 0,
        "name": "n_a",
        "uuid": None,
        "parent": "n",
        "above": 1,
        "inventories": {"VGPU": inventory(2)},
        "traits": ["CUSTOM_A", "CUSTOM_B"],
        "optional": False,
        "drain": None,
        "cards": None,
        "mdev_parents": None,
        "former_root": None,
    }
    assert entries[1]["uuid"] == "aaaaaaaa-0000-0000-0000-000000000000"
    assert entries[1]["inventories"] is entries[1]["traits"] is None


def test_absent_needs_only_names():
    entry = parse({"name": "a", "inventories": {"bad": 1}, "traits": ["bad"]}, state="absent")[0]
    assert entry["inventories"] is entry["traits"] is None


def test_a_parent_by_uuid():
    uuid = "aaaaaaaa-0000-0000-0000-000000000000"
    assert parse({"name": "n", "uuid": uuid}, {"name": "a", "parent": uuid.upper()})[1]["above"] == 0


@pytest.mark.parametrize(
    ("provider", "sentence"),
    [
        ({}, "it has no name and no uuid"),
        ({"name": "x" * 201}, "is not the name of a provider"),
        ({"name": "a", "uuid": "1"}, "'1' is not a UUID"),
        ({"name": "a", "parent": " "}, "is not the name of a provider"),
        ({"name": "a", "inventories": {"lower": {"total": 1}}}, "inventory of lower: 'lower' is not a resource class"),
        ({"name": "a", "inventories": {"VGPU": 4}}, "inventory of VGPU: it must be a dictionary"),
        ({"name": "a", "inventories": {"VGPU": {"total": 0}}}, "inventory of VGPU: total must not be 0"),
        ({"name": "a", "traits": ["lower"]}, "'lower' is not a trait"),
    ],
)
def test_refused(provider, sentence):
    found = problems(provider)
    assert len(found) == 1
    assert found[0].startswith("providers[0] (")
    assert sentence in found[0]


def test_all_at_once_each_with_its_entry():
    found = problems({"name": "a", "traits": ["x", "y"]}, {}, {"name": "c", "inventories": {"VGPU": {"total": -1}}})
    assert [one.partition(":")[0] for one in found] == [
        "providers[0] (a)",
        "providers[0] (a)",
        "providers[1] (None)",
        "providers[2] (c)",
    ]


def test_duplicates():
    assert "providers[1] (A): it is providers[0] (a) again" in problems({"name": "a"}, {"name": "A"})[0]
    uuid = "aaaaaaaa-0000-0000-0000-000000000000"
    assert len(problems({"name": "a", "uuid": uuid}, {"uuid": uuid}, {"name": "c"})) == 1


def test_loops():
    assert "a below a" in problems({"name": "a", "parent": "a"})[0]
    found = problems({"name": "a", "parent": "c"}, {"name": "b", "parent": "a"}, {"name": "c", "parent": "b"})
    assert len(found) == 1
    assert "a below c below b below a" in found[0]


@pytest.mark.parametrize(
    "options",
    [
        {"purge": True},
        {"tries": 0},
        {"state": "absent", "drain": True},
        {"state": "absent", "purge": True, "scope": ["n"]},
    ],
)
def test_options_that_do_not_fit(options):
    assert len(problems({"name": "a"}, **options)) == 1


def test_references():
    uuid = "AAAAAAAA-0000-0000-0000-000000000000"
    assert wanted.parse_references(["n", uuid, "n"], "roots") == ["n", uuid.lower()]
    with pytest.raises(Refused, match="roots: .*; roots: "):
        wanted.parse_references(["", "\n"], "roots")


words = st.one_of(st.none(), st.text(max_size=5), st.sampled_from(["a", "b", "A", "VGPU"]))


@given(
    providers=st.lists(
        st.fixed_dictionaries(
            {
                "name": words,
                "uuid": words,
                "parent": words,
                "inventories": st.one_of(st.none(), st.dictionaries(st.text(max_size=5), words)),
                "traits": st.one_of(st.none(), st.lists(st.text(max_size=5))),
            }
        ),
        max_size=6,
    )
)
def test_garbage_is_refused_with_sentences(providers):
    try:
        entries = wanted.parse_providers(providers, OPTIONS)
    except Refused as refused:
        assert all(isinstance(one, str) for one in refused.problems)
    else:
        assert [entry["item"] for entry in entries] == list(range(len(providers)))


@pytest.mark.parametrize("name", ["a", "node (1): b", "x" * 200, "[0] ) ("])
def test_a_sentence_is_split_into_its_entry_and_the_rest(name):
    (entry,) = parse({"name": name})
    item, text = wanted.split_sentence(f"{wanted.label(entry)}: it is wrong: (a): b")
    assert item == 0
    assert text.endswith(": it is wrong: (a): b")
    assert text.startswith(name[:4])
    assert wanted.split_sentence("scope: nobody") == (None, "scope: nobody")


def test_the_address_at_the_end_of_a_long_name_is_whole():
    name = f"{'x' * 181}_vfio_0000:5e:00.0"
    (entry,) = parse({"name": name})
    assert wanted.split_sentence(f"{wanted.label(entry)}: wrong") == (0, f"{name}: wrong")
