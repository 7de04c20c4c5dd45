# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement.nodes import Nodes
from ansible_collections.vfio.devices.tests.unit.placement_fake import OPTIONS, ROOT, parse, provider, root, state

A, B = (f"00000000-0000-0000-0000-0000000000a{number}" for number in range(2))


def nodes(found, *entries, **options):
    options = {**OPTIONS, **options}
    return Nodes(found, parse(*entries, **options), options)


def test_where_each_entry_is():
    found = nodes(
        state(root(), provider(A, "card")),
        {"name": "leaf", "parent": "new"},
        {"name": "new", "parent": A},
        {"name": "node"},
    )
    assert found.problems == []
    placed = {node["name"]: node for node in found.present()}
    assert placed["new"]["parent"] == A
    assert placed["leaf"]["parent"] == placed["new"]["uuid"]
    assert {name: node["depth"] for name, node in placed.items()} == {"leaf": 3, "new": 2, "node": 0}
    assert {node["root"] for node in placed.values()} == {ROOT}
    assert [node["ours"] for node in found.present() if node["name"] == "node"] == [False]


def test_children_of_what_is_wrong_are_not_told_too():
    found = nodes(state(root()), {"name": "leaf", "parent": "card"}, {"name": "card", "parent": "nobody"})
    assert len(found.problems) == 1
    assert found.present() == []


def test_a_provider_of_another_tree_is_no_relative():
    other = {**provider(B, "other", None), "root": B}
    found = nodes(state(root(), other), {"name": "x", "parent": "other"})
    assert found.present()[0]["root"] == B
    assert found.in_scope() == []


def test_parents_that_go_round_do_not_hang():
    found = nodes(state(root(), provider(A, "a", B), provider(B, "b", A)), {"name": "a"})
    assert found.present()[0]["depth"] == 2


def test_what_is_optional_and_missing_is_left_out_with_all_below_it():
    found = nodes(
        state(root()),
        {"name": "leaf", "parent": "card", "traits": ["CUSTOM_A"]},
        {"name": "card", "parent": "nobody", "inventories": {"CUSTOM_VF": {"total": 1}}},
        {"name": "empty", "parent": "nobody", "inventories": {}, "traits": []},
        {"name": "nobody", "optional": True},
        {"name": "node_pci_0000_84_00_0", "parent": "node", "traits": ["CUSTOM_A"], "optional": True},
        {"name": "other", "optional": True},
        {"name": "node", "optional": True},
        create_roots=True,
    )
    assert found.problems == []
    assert [node["name"] for node in found.present()] == ["node"]
    assert set(found.missing) == {"leaf", "card", "empty", "nobody", "node_pci_0000_84_00_0", "other"}
    assert found.left_out() == {"nobody": 2, "node_pci_0000_84_00_0": 0}


def test_what_is_optional_does_not_hide_what_is_wrong():
    found = nodes(state(root()), {"name": "a", "parent": "b"}, {"name": "b", "parent": "c", "traits": []})
    assert len(found.problems) == 1
    assert found.left_out() == {}


def test_a_name_that_differs_only_by_case_from_one_that_exists():
    found = nodes(
        state(root(), provider(A, "node_0000:AF:00.0", traits=["COMPUTE_MANAGED_PCI_DEVICE"])),
        {"name": "node_0000:af:00.0", "parent": "node", "traits": ["OWNER_CYBORG"]},
    )
    assert "there is node_0000:AF:00.0 already, which differs only by case" in found.problems[0]


def test_a_root_that_is_missing_is_told_with_those_that_exist():
    roots = ["node1.example.com", "storage"]
    found = nodes(
        state(root(), roots=roots),
        {"name": "node1"},
        {"name": "node1_card", "parent": "node1"},
        {"name": "x", "parent": "node1.example.org"},
        {"name": "zz", "traits": []},
    )
    assert found.lacks_a_root
    missing, parent, unlike = found.problems
    assert missing.startswith("providers[0] (node1): there is no provider with this name")
    for sentence in (missing, parent):
        assert "The roots in Placement are node1.example.com and 1 more. " in sentence
    assert parent.startswith("providers[2] (x): its parent node1.example.org is neither listed nor in Placement. ")
    assert "The roots in Placement are node1.example.com, storage. " in unlike
    assert unlike.endswith("Correct its name, set its parent, or set create_roots: true")
    assert parent.endswith("Correct parent, or start nova-compute first, which creates the root")


def test_a_missing_root_with_cards_gets_remedies_of_the_roles():
    (problem,) = nodes(state(root()), {"name": "node1"}, {"name": "node1_card", "parent": "node1"}).problems
    assert problem.endswith(
        "placement_root must be the hypervisor_hostname of the compute node. If nova-compute creates the root later, "
        "set placement_root_optional: true"
    )
    assert "Placement has no root" in nodes(state(), {"name": "node1"}).problems[0]


def test_no_root_is_missing_if_it_is_optional_or_made():
    assert not nodes(state(root()), {"name": "node1", "optional": True}).lacks_a_root
    assert not nodes(state(root()), {"name": "node1"}, create_roots=True).lacks_a_root
