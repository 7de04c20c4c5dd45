# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._placement import names as placement_names
from ansible_collections.vfio.devices.plugins.module_utils._placement import plan as plans
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    MARKER,
    OPTIONS,
    ROOT,
    inventory,
    parse,
    provider,
    root,
    state,
)

A, B, C = (f"00000000-0000-0000-0000-0000000000a{number}" for number in range(3))
KNOWN = {"known_traits": {MARKER, "CUSTOM_A"}}


def entry(name="node_a", total=4, traits=("CUSTOM_A",), **fields):
    return {
        "name": name,
        "parent": "node",
        "inventories": {"CUSTOM_VF": {"total": total}},
        "traits": list(traits),
        **fields,
    }


def ours(uuid=A, name="node_a", total=4, traits=("CUSTOM_A", MARKER), **fields):
    return provider(uuid, name, **{"inventories": {"CUSTOM_VF": inventory(total)}, "traits": traits, **fields})


def plan(found, *entries, **options):
    return plans.plan_providers(found, parse(*entries, **options), {**OPTIONS, **options})


def problems(found, *entries, **options):
    with pytest.raises(Refused) as caught:
        plan(found, *entries, **options)
    return caught.value.problems


def test_create():
    planned = plan(state(root()), entry())
    uuid = placement_names.derived_uuid(ROOT, "node_a")
    assert planned["classes"] == ["CUSTOM_VF"]
    assert planned["traits"] == ["CUSTOM_A", MARKER]
    assert planned["removals"] == planned["kept"] == planned["warnings"] == []
    (step,) = planned["steps"]
    assert {key: step[key] for key in ("action", "uuid", "name", "parent", "root", "generation", "traits")} == {
        "action": "create",
        "uuid": uuid,
        "name": "node_a",
        "parent": ROOT,
        "root": ROOT,
        "generation": 0,
        "traits": ["CUSTOM_A", MARKER],
    }
    assert step["inventories"] == {"CUSTOM_VF": inventory(4)}
    assert step["before"] is None
    assert step["after"] == {
        "uuid": uuid,
        "parent": "node",
        "inventories": {"CUSTOM_VF": inventory(4)},
        "traits": ["CUSTOM_A", MARKER],
    }


def test_unchanged():
    planned = plan(state(root(), ours()), {"name": "node"}, entry())
    assert planned["steps"] == planned["classes"] == planned["traits"] == []
    assert [one["name"] for one in planned["kept"]] == ["node", "node_a"]


def test_only_what_differs_is_written():
    (step,) = plan(state(root(), ours()), entry(total=5))["steps"]
    assert (step["traits"], step["inventories"]) == (None, {"CUSTOM_VF": inventory(5)})
    (step,) = plan(state(root(), ours(), **KNOWN), entry(traits=["CUSTOM_B"]))["steps"]
    assert (step["traits"], step["inventories"]) == (["CUSTOM_B", MARKER], None)
    assert step["generation"] == 1


def test_levels_parents_first_and_removals_children_first():
    entries = [entry("leaf", parent="card"), {"name": "card", "parent": "node"}]
    assert [step["name"] for step in plan(state(root()), *entries)["steps"]] == ["card", "leaf"]
    found = state(root(), ours(A, "card"), ours(B, "leaf", parent=A))
    removals = plan(found, *reversed(entries), state="absent")["removals"]
    assert [step["name"] for step in removals] == ["leaf", "card"]


def test_new_roots():
    assert "create_roots" in problems(state(), {"name": "node"})[0]
    planned = plan(state(), {"name": "node"}, entry(), create_roots=True)
    bare, child = planned["steps"]
    assert (bare["uuid"], bare["traits"], bare["inventories"]) == (
        placement_names.derived_uuid(None, "node"),
        None,
        None,
    )
    assert child["root"] == child["parent"] == bare["uuid"]


TRAITS = [
    # Current traits, listed traits, mode, and resulting traits.
    (["CUSTOM_B", MARKER], ["CUSTOM_A"], None, ["CUSTOM_A", MARKER]),
    (["CUSTOM_B", MARKER], ["CUSTOM_A"], "add", ["CUSTOM_A", "CUSTOM_B", MARKER]),
    (["CUSTOM_B", MARKER], None, None, None),
    (["OWNER_NOVA", MARKER], ["CUSTOM_A"], None, ["CUSTOM_A", MARKER, "OWNER_NOVA"]),
    (["OWNER_CYBORG", MARKER], ["CUSTOM_A"], None, ["CUSTOM_A", MARKER]),
    (["CUSTOM_B", "OWNER_NOVA"], ["CUSTOM_A"], None, ["CUSTOM_A", "CUSTOM_B", "OWNER_NOVA"]),
    (["CUSTOM_B", "OWNER_NOVA"], ["CUSTOM_A"], "exact", ["CUSTOM_A", "OWNER_NOVA"]),
    (["OWNER_NOVA"], ["OWNER_NOVA"], "exact", None),
    (["CUSTOM_B"], [], None, None),
]


@pytest.mark.parametrize(("has", "listed", "mode", "gets"), TRAITS)
def test_traits(has, listed, mode, gets):
    found = state(root(), ours(traits=has), **KNOWN)
    planned = plan(found, {"name": "node_a", "traits": listed}, traits_mode=mode)
    assert [step["traits"] for step in planned["steps"]] == ([gets] if gets else [])


def test_drain():
    (step,) = plan(state(root(), ours()), entry(), drain=True)["steps"]
    assert step["inventories"] == {"CUSTOM_VF": inventory(4, reserved=4)}
    (step,) = plan(state(root(), ours()), {"name": "node_a"}, drain=True)["steps"]
    assert step["inventories"] == {"CUSTOM_VF": inventory(4, reserved=4)}
    drained = ours(inventories={"CUSTOM_VF": inventory(4, reserved=4)}, usages={"CUSTOM_VF": 2})
    assert plan(state(root(), drained), entry(), drain=True)["steps"] == []
    assert len(plan(state(root(), drained), entry())["steps"]) == 1
    assert plan(state(root(inventories={"VCPU": inventory(8)})), {"name": "node"}, drain=True)["steps"] == []


USAGES = [
    # Wanted inventory, used amount of a total of 4, and problem.
    ({"total": 4}, 4, None),
    ({"total": 5}, 9, None),
    ({"total": 3}, 3, None),
    ({"total": 3}, 4, "cannot shrink to total 3"),
    ({"total": 4, "allocation_ratio": 0.5}, 3, "cannot shrink to total 4 with allocation_ratio 0.5"),
    ({"total": 2, "allocation_ratio": 2.0}, 4, None),
    ({"total": 4, "reserved": 1}, 3, None),
    ({"total": 4, "reserved": 2}, 3, "cannot have 2 of 4 reserved while 3 are in use"),
    ({"total": 4, "reserved": 4}, 3, None),
    (None, 1, "cannot be removed while 1 of it are in use"),
    (None, 0, None),
]


@pytest.mark.parametrize(("fields", "used", "sentence"), USAGES)
def test_what_is_in_use_is_safe(fields, used, sentence):
    found = state(root(), ours(usages={"CUSTOM_VF": used}))
    listed = entry(inventories={"CUSTOM_VF": fields} if fields else {})
    if sentence:
        (problem,) = problems(found, listed)
        assert sentence in problem
    else:
        assert len(plan(found, listed)["steps"]) == (0 if fields == {"total": 4} else 1)


def test_usages_matter_only_where_something_becomes_less():
    found = state(root(), ours())
    for fields, expected in (({"total": 5}, []), ({"total": 3}, [A]), ({"total": 4, "reserved": 1}, [A])):
        wanted = parse(entry(inventories={"CUSTOM_VF": fields}))
        assert plans.shrinking(found, wanted, OPTIONS) == expected
    assert plans.shrinking(found, parse(entry(), state="absent"), {**OPTIONS, "state": "absent"}) == [A]


FOREIGN = [
    ({"inventories": {"VGPU": {"total": 3}}}, "its inventories cannot be changed, because it belongs to nova"),
    ({"traits": ["HW_NIC_SRIOV"]}, "it cannot get HW_NIC_SRIOV, because it belongs to nova"),
    ({"traits": ["CUSTOM_A"]}, None),
    ({"inventories": {"VGPU": {"total": 4}}}, None),
    ({"inventories": {"VGPU": {"total": 4}}, "traits": ["OWNER_NOVA"]}, None),
]


@pytest.mark.parametrize(("fields", "sentence"), FOREIGN)
def test_providers_of_others(fields, sentence):
    theirs = provider(A, "node_pci_0000_84_00_0", traits=["OWNER_NOVA"], inventories={"VGPU": inventory(4)})
    found = state(root(), theirs, known_traits={"HW_NIC_SRIOV"})
    listed = {"name": "node_pci_0000_84_00_0", **fields}
    if sentence:
        assert [sentence in one for one in problems(found, listed)] == [True]
    else:
        plan(found, listed)
    assert "belongs to nova" in problems(found, listed, state="absent")[0]


@pytest.mark.parametrize("name", ["OWNER_NOVA", "COMPUTE_NODE", "COMPUTE_MANAGED_PCI_DEVICE"])
def test_traits_that_are_never_set(name):
    found = state(root(), ours(), known_traits={name})
    for listed in (entry(traits=[name]), entry("node_b", traits=[name])):
        assert [f"{name} must not be set" in one for one in problems(found, listed)] == [True]


def test_all_that_is_wrong_is_told_at_once():
    found = state(root(), ours(usages={"CUSTOM_VF": 4}))
    wrong = [entry(total=3), entry("b", parent="nobody"), entry("node_c", traits=["HW_NO"]), entry("node_mtty_mtty")]
    wrong += [{"uuid": C}, entry("node_d", uuid=A)]
    told = problems(found, *wrong)
    assert len(told) == 6
    assert all(any(one.startswith(f"providers[{item}] (") for one in told) for item in range(5))


def test_places_that_do_not_fit():
    found = state(root(), ours(), ours(B, "node_b"))
    assert (
        ". Providers are not moved: correct parent, or remove the provider first"
        in problems(found, entry(parent="node_b"))[0]
    )
    assert "does not match" in problems(found, entry(uuid=C))[0]
    assert "does not match" in problems(found, {"uuid": A, "name": "other"})[0]
    assert (
        "already" in problems(found, entry("node_new", uuid=A))[0]
        or "does not match" in problems(found, entry("node_new", uuid=A))[0]
    )


def test_purge():
    found = state(root(), ours(), ours(B, "node_b"), provider(C, "node_c", traits=["CUSTOM_X"]), marked={A, B})
    options = {"purge": True, "scope": ["node"]}
    assert plans.roots_to_search(found, parse(entry(), **options), {**OPTIONS, **options}) == [ROOT]
    assert [step["name"] for step in plan(found, entry(), **options)["removals"]] == ["node_b"]
    assert plan(found, entry(), entry("node_b"))["removals"] == []
    assert "no provider elsewhere" in problems(found, entry(), purge=True, scope=["elsewhere"])[0]
    nothing = state(root(), ours())
    assert plans.roots_to_search(nothing, parse(entry(), **options), {**OPTIONS, **options}) == []


def test_scope_is_below_and_not_beside():
    found = state(root(), ours(A, "card"), ours(B, "leaf", parent=A), ours(C, "other"), marked={A, B, C})
    assert [step["name"] for step in plan(found, purge=True, scope=["card"])["removals"]] == ["leaf"]


def test_removal():
    found = state(root(), ours(usages={"CUSTOM_VF": 2}), ours(B, "node_b"), ours(C, "leaf", parent=B))
    told = problems(found, {"name": "node_a"}, {"name": "node_b"}, {"name": "node"}, state="absent")
    assert "while 2 of CUSTOM_VF are in use" in told[0]
    assert "other children: leaf" in told[1]
    assert "belongs to nova" in told[2]
    planned = plan(found, {"name": "leaf"}, {"name": "gone"}, state="absent")
    assert planned["missing"] == ["gone"]
    assert planned["removals"][0]["before"]["parent"] == "node_b"


@pytest.mark.parametrize("options", [{"state": "absent"}, {"purge": True, "scope": ["node"]}])
def test_what_an_unfinished_run_left_is_ours(options):
    uuid = placement_names.derived_uuid(ROOT, "node_a")
    left = provider(uuid, "node_a", traits=[], generation=0)
    entries = [{"name": "node_a"}] if "state" in options else []
    assert len(plan(state(root(), left), *entries, **options)["removals"]) == 1
    if entries:
        strange = provider(A, "node_a", traits=[], generation=0)
        assert "another service" in problems(state(root(), strange), *entries, **options)[0]


def test_details_are_read_only_where_they_are_compared():
    found = state(root(), ours(), ours(B, "node_b"), ours(C, "node_c"))
    wanted = parse({"name": "node"}, entry(), {"name": "node_b", "traits": []}, {"name": "node_c"})
    assert plans.details(found, wanted, OPTIONS) == ([A], [A, B])
    assert plans.details(found, wanted, {**OPTIONS, "drain": True}) == ([A, B, C], [A, B, C])
    one = parse({"name": "node"}, entry(), {"name": "node_b", "drain": False}, {"name": "node_c", "drain": True})
    assert plans.details(found, one, OPTIONS) == ([A, C], [A, C])
    assert plans.details(found, one, {**OPTIONS, "drain": True}) == ([A, C], [A, C])


def test_names_are_asked_for_only_if_none_has_them():
    wanted = parse(entry())
    assert plans.unseen_names(state(root(), ours()), wanted, OPTIONS) == ([], [])
    assert plans.unseen_names(state(root()), wanted, OPTIONS) == (["CUSTOM_A", MARKER], [])
    assert plans.unseen_names(state(root()), wanted, {**OPTIONS, "check_mode": True})[1] == ["CUSTOM_VF"]
    odd = parse(entry(inventories={"NET_BW": {"total": 1}}))
    assert plans.unseen_names(state(root()), odd, OPTIONS)[1] == ["NET_BW"]
    assert (
        "has no resource class NET_BW"
        in problems(state(root(), **KNOWN), entry(inventories={"NET_BW": {"total": 1}}))[0]
    )
    assert plan(state(root(), known_classes={"NET_BW"}, **KNOWN), entry(inventories={"NET_BW": {"total": 1}}))["steps"]


def test_a_vgpu_is_warned_of_except_in_the_shape_of_cyborg():
    vgpu = {"inventories": {"VGPU": {"total": 1}}}
    assert (
        "nova finds the device of a VGPU by the name of its provider, and has no device with this name, so a guest "
        "with this VGPU cannot start. Use a custom class (CUSTOM_...)"
        in plan(state(root()), entry(**vgpu))["warnings"][0]
    )
    shaped = entry("node_0000:84:00.0", traits=["OWNER_CYBORG"], **vgpu)
    assert plan(state(root(), known_traits={"OWNER_CYBORG"}), shaped)["warnings"] == []


def test_one_warning_for_all_that_is_left_out():
    roots = [{"name": f"n{number}", "optional": True} for number in range(12)]
    children = [entry(f"n{number}_{child}", parent=f"n{number}") for number in range(12) for child in range(2)]
    planned = plan(state(), *roots, *children, purge=True, scope=["n1"])
    assert planned["steps"] == planned["removals"] == planned["kept"] == []
    (warning,) = planned["warnings"]
    assert "does not have it yet: n0 (and 2 below it), n1 (and" in warning
    assert "n9 (and 2 below it), 2 more. nova-compute" in warning
    assert len(planned["missing"]) == 36


@pytest.mark.parametrize("name", ["cmp1", "CMP1", "cmp1.example.org", "cmp1.other.net"])
def test_a_root_with_another_name_is_pointed_to_instead_of_nova_compute(name):
    found = state(roots=["Cmp1.example.org", "cmp10.example.org"])
    bare = {"name": name, "optional": True}
    (warning,) = plan(found, bare, entry(f"{name}_a", parent=name))["warnings"]
    assert f"Placement has no root {name}. It has Cmp1.example.org, which" in warning
    assert "hypervisor_hostname" in warning
    assert warning.endswith("Set placement_root: Cmp1.example.org")
    assert len(plan(found, bare, purge=True, scope=[name])["warnings"]) == 1
    assert plan(found, bare)["warnings"] == []
    (problem,) = problems(found, {**bare, "optional": False}, entry(f"{name}_a", parent=name))
    assert "If this is the host, set placement_root: Cmp1.example.org. placement_root must be" in problem


def test_roots_are_only_listed_for_a_host_that_is_left_out():
    bare = {"name": "cmp1", "optional": True}
    for entries, lacks in (
        ([bare], False),
        ([bare, entry(parent="cmp1")], True),
        ([{**bare, "parent": "node"}], False),
    ):
        assert plans.Nodes(state(root()), parse(*entries), OPTIONS).lacks_a_root is lacks


def names(planned):
    return [one["name"] for one in planned["unexpected"]]


def test_providers_of_ours_that_are_not_listed_are_unexpected():
    derived = placement_names.derived_uuid(ROOT, "node_b")
    others = [ours(A, "node_vfio_a"), ours(derived, "node_b"), ours(C, "node_vfio_c"), ours(B, "node_0000:41:00.0")]
    found = state(root(), *others, marked={A, B, derived}, **KNOWN)
    listed = [{"name": "node"}, entry("node_vfio_d")]
    assert plans.roots_to_search(found, parse(*listed), OPTIONS) == [ROOT]
    planned = plan(found, *listed)
    assert names(planned) == ["node_vfio_a", "node_b"]
    assert planned["unexpected"][0] == {"name": "node_vfio_a", "uuid": A, "parent": ROOT, "root": ROOT}
    assert planned["warnings"] == planned["removals"] == []
    assert names(plan(found, *listed, purge=True, scope=["node"])) == []
    assert names(plan(found, *listed, entry("node_vfio_a"))) == ["node_b"]


def test_nothing_is_searched_where_the_list_is_not_of_a_whole_tree():
    found = state(root(), ours(A, "node_vfio_a"), marked={A})
    for entries, options in (([entry("node_vfio_b")], {}), ([{"name": "node"}], {"state": "absent"})):
        assert plans.roots_to_search(found, parse(*entries, **options), {**OPTIONS, **options}) == []
    foreign = state(root(), provider(A, "node_pci_0000_41_00_0"), provider(B, "node_0000:41:00.0"))
    assert plans.roots_to_search(foreign, parse({"name": "node"}), OPTIONS) == []


@pytest.mark.parametrize("old", ["old_vfio_0000:81:00.0", "node_vfio_0000:81:00.0", "NODE_0000:81:00.0"])
def test_a_card_that_is_offered_twice_is_warned_of(old):
    derived = placement_names.derived_uuid(ROOT, old)
    new = "node.example.org_vfio_0000:81:00.0"
    others = [ours(derived, old), ours(A, "node_vfio_0000:41:00.0"), ours(B, new)]
    found = state(root(), *others, marked={A, B, derived})
    planned = plan(found, {"name": "node"}, entry(new))
    (warning,) = [one for one in planned["warnings"] if "same card" in one]
    assert f"{new} and {old} ({derived}) represent the same card" in warning
    assert "placement_purge: true" in warning
    assert sorted(names(planned)) == sorted([old, "node_vfio_0000:41:00.0"])
    assert plan(found, {"name": "node"}, entry(new), purge=True, scope=["node"])["warnings"] == []


@pytest.mark.parametrize(
    ("name", "warned"),
    [("old_vfio_a", True), ("NODE_vfio_a", True), ("node_vfio_a", False), ("old_0000:41:00.0", False)],
)
def test_what_has_its_name_from_another_root_is_warned_of(name, warned):
    found = state(root(), ours(placement_names.derived_uuid(ROOT, name), name, generation=0))
    warnings = plan(found, {"name": "node"}, entry("node_b"))["warnings"]
    assert [f"{name} (" in one and "from another root than node" in one for one in warnings] == [True] * warned
