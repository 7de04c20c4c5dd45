# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test each change with a real Placement: predicted by check mode, applied, and nothing left to do."""

from __future__ import annotations

import pytest

MARKER = "CUSTOM_OWNER_VFIO_DEVICES"


def child(root, number, total=4, traits=("CUSTOM_A",), resource_class="CUSTOM_VF", **fields):
    inventories = {resource_class: {"total": total, **fields}}
    return {"name": f"{root}_vf{number}", "parent": root, "inventories": inventories, "traits": list(traits)}


def listed(result):
    return {key: result[key] for key in ("created", "updated", "removed", "kept", "resource_classes", "traits")}


def changes(run, providers, **options):
    """Run check mode, the change and a second run; return the result of the change."""
    predicted = run(providers, check=True, **options)
    done = run(providers, **options)
    assert "failed" not in done, done["msg"]
    assert predicted["changed"] is done["changed"] is True
    assert listed(predicted) == listed(done)
    assert predicted["diff"] == done["diff"]
    again = run(providers, **options)
    assert again["changed"] is False
    assert run.writes == []
    assert again["diff"] == {"before": {}, "after": {}}
    return done


def fields(total, **others):
    return {
        **{"total": total, "reserved": 0, "min_unit": 1, "max_unit": total, "step_size": 1, "allocation_ratio": 1.0},
        **others,
    }


def test_create(run, cloud, root):
    result = changes(run, [{"name": root}, child(root, 0), child(root, 1, 2, reserved=1)])
    assert result["created"] == [f"{root}_vf0", f"{root}_vf1"]
    tree = cloud.tree(root)
    assert tree[f"{root}_vf0"] == {
        "parent": root,
        "inventories": {"CUSTOM_VF": fields(4)},
        "traits": ["CUSTOM_A", MARKER],
    }
    assert tree[f"{root}_vf1"]["inventories"] == {"CUSTOM_VF": fields(2, reserved=1)}
    assert tree[root]["traits"] == ["COMPUTE_NODE", "OWNER_NOVA"]
    uuids = {one["name"]: one["uuid"] for one in result["providers"]}
    assert cloud.provider(f"{root}_vf0")["uuid"] == uuids[f"{root}_vf0"]
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"][f"{root}_vf0"] == {"uuid": uuids[f"{root}_vf0"], **tree[f"{root}_vf0"]}


def test_levels_of_any_order(run, cloud, root):
    providers = [
        {"name": f"{root}_leaf", "parent": f"{root}_card", "inventories": {"CUSTOM_VF": {"total": 1}}},
        {"name": f"{root}_card", "parent": root},
    ]
    changes(run, providers)
    tree = cloud.tree(root)
    assert tree[f"{root}_leaf"]["parent"] == f"{root}_card"
    assert tree[f"{root}_card"] == {"parent": root, "inventories": {}, "traits": [MARKER]}


def test_many_hosts_in_one_call(run, cloud, root):
    other = f"{root}-b"
    cloud.make(other, traits=["COMPUTE_NODE"])
    result = changes(run, [child(root, 0), child(other, 0), child(root, 1)])
    assert len(result["created"]) == 3
    assert {one["root"] for one in result["providers"]} == {cloud.provider(name)["uuid"] for name in (root, other)}


def test_change_classes_traits_and_numbers(run, cloud, root):
    run([child(root, 0)])
    result = changes(run, [child(root, 0, 8, ["CUSTOM_B", "HW_NIC_SRIOV"], "PGPU", allocation_ratio=2.5)])
    assert result["updated"] == [f"{root}_vf0"]
    assert cloud.tree(root)[f"{root}_vf0"] == {
        "parent": root,
        "inventories": {"PGPU": fields(8, allocation_ratio=2.5)},
        "traits": ["CUSTOM_B", MARKER, "HW_NIC_SRIOV"],
    }
    assert result["diff"]["before"][f"{root}_vf0"]["traits"] == ["CUSTOM_A", MARKER]


def test_fields_that_were_left_out_are_as_nova_writes_them(run, cloud, root):
    run([child(root, 0, 4, max_unit=2, reserved=1, allocation_ratio=3.0)])
    changes(run, [child(root, 0, 4)])
    assert cloud.get(f"{root}_vf0", "inventories") == {"CUSTOM_VF": fields(4)}


def test_traits_mode(run, cloud, root):
    run([child(root, 0, traits=["CUSTOM_A"])])
    changes(run, [child(root, 0, traits=["CUSTOM_B"])], traits_mode="add")
    assert cloud.get(f"{root}_vf0", "traits") == ["CUSTOM_A", "CUSTOM_B", MARKER]
    changes(run, [child(root, 0, traits=["CUSTOM_B"])])
    assert cloud.get(f"{root}_vf0", "traits") == ["CUSTOM_B", MARKER]


def test_traits_and_inventories_that_are_not_listed_stay(run, cloud, root):
    run([child(root, 0)])
    changes(run, [{"name": f"{root}_vf0", "inventories": {"CUSTOM_VF": {"total": 5}}}])
    changes(run, [{"name": f"{root}_vf0", "traits": []}])
    assert cloud.tree(root)[f"{root}_vf0"]["inventories"] == {"CUSTOM_VF": fields(5)}
    assert cloud.tree(root)[f"{root}_vf0"]["traits"] == [MARKER]


def test_drain_and_undrain(run, cloud, root):
    run([child(root, 0, 4, reserved=1)])
    cloud.allocate("11111111-0000-0000-0000-000000000001", f"{root}_vf0", {"CUSTOM_VF": 2})
    changes(run, [child(root, 0, 4, reserved=1)], drain=True)
    assert cloud.get(f"{root}_vf0", "inventories")["CUSTOM_VF"]["reserved"] == 4
    changes(run, [child(root, 0, 4, reserved=1)])
    assert cloud.get(f"{root}_vf0", "inventories")["CUSTOM_VF"]["reserved"] == 1
    changes(run, [{"name": root}, {"name": f"{root}_vf0"}], drain=True)
    assert cloud.get(f"{root}_vf0", "inventories")["CUSTOM_VF"]["reserved"] == 4
    assert cloud.get(root, "inventories")["VCPU"]["reserved"] == 0


def test_purge_in_scope_only(run, cloud, root):
    other = f"{root}-b"
    cloud.make(other)
    cloud.make(f"{root}_foreign", root, inventories={"PGPU": 1})
    run([child(root, 0), child(root, 1), child(other, 0)])
    cloud.allocate("11111111-0000-0000-0000-000000000002", f"{root}_vf0", {"CUSTOM_VF": 1})
    result = changes(run, [child(root, 0)], purge=True, scope=[root])
    assert result["removed"] == [f"{root}_vf1"]
    assert set(cloud.tree(root)) == {root, f"{root}_vf0", f"{root}_foreign"}
    assert set(cloud.tree(other)) == {other, f"{other}_vf0"}
    refused = run([], purge=True, scope=[root])
    assert "1 of CUSTOM_VF are in use" in refused["msg"]
    assert run.writes == []
    cloud.free("11111111-0000-0000-0000-000000000002")
    changes(run, [], purge=True, scope=[root])
    assert set(cloud.tree(root)) == {root, f"{root}_foreign"}


def test_remove(run, cloud, root):
    providers = [child(root, 0), child(root, 1), {**child(root, 2), "parent": f"{root}_vf0"}]
    run(providers)
    result = changes(run, list(reversed(providers)), state="absent")
    assert sorted(result["removed"]) == [f"{root}_vf0", f"{root}_vf1", f"{root}_vf2"]
    assert set(cloud.tree(root)) == {root}
    assert result["diff"]["after"] == {}
    assert result["diff"]["before"][f"{root}_vf1"]["inventories"] == {"CUSTOM_VF": fields(4)}
    assert sorted(run(providers, state="absent")["missing"]) == sorted(result["removed"])


def test_roots(run, cloud, root):
    name, uuid = f"{root}-new", "aaaaaaaa-0000-0000-0000-00000000000a"
    tree = [{"name": name, "uuid": uuid}, child(name, 0)]
    refused = run(tree[:1])
    assert "create_roots" in refused["msg"]
    changes(run, tree, create_roots=True)
    assert cloud.provider(name)["uuid"] == uuid
    assert cloud.tree(name)[name] == {"parent": None, "inventories": {}, "traits": []}
    changes(run, tree, state="absent")
    assert cloud.provider(name) is None


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_half_done_run_is_finished(run, cloud, root, done):
    """A run may have been killed after each of these writes: create, mark, write inventories."""
    from ansible_collections.vfio.devices.plugins.module_utils._placement import names as placement_names

    name = f"{root}_vf0"
    uuid = placement_names.derived_uuid(cloud.provider(root)["uuid"], name)
    cloud.make(name, root, uuid=uuid, traits=[MARKER, "CUSTOM_A"] if done else [])
    if done == 2:
        cloud("PUT", "/resource_classes/CUSTOM_VF")
        cloud.set(name, "inventories", {"CUSTOM_VF": {"total": 3}})
    result = changes(run, [child(root, 0)])
    assert result["updated"] == [name]
    assert cloud.tree(root)[name]["traits"] == ["CUSTOM_A", MARKER]
    assert cloud.tree(root)[name]["inventories"] == {"CUSTOM_VF": fields(4)}


def test_what_a_half_done_run_left_is_purged_and_removed(run, cloud, root):
    from ansible_collections.vfio.devices.plugins.module_utils._placement import names as placement_names

    for number, options in enumerate(({"state": "absent"}, {"purge": True, "scope": [root]})):
        name = f"{root}_vf{number}"
        cloud.make(name, root, uuid=placement_names.derived_uuid(cloud.provider(root)["uuid"], name))
        assert changes(run, [{"name": name}] if number == 0 else [], **options)["removed"] == [name]


def test_info_has_the_shape_that_the_module_takes(run, cloud, root):
    run([child(root, 0), child(root, 1)])
    cloud.allocate("11111111-0000-0000-0000-000000000003", f"{root}_vf0", {"CUSTOM_VF": 3})
    info = run.info(root, "no-such-node")
    assert info["missing"] == ["no-such-node"]
    assert [one["name"] for one in info["providers"]] == [root, f"{root}_vf0", f"{root}_vf1"]
    assert info["usages"][f"{root}_vf0"] == {"CUSTOM_VF": 3}
    assert info["owners"] == {root: "nova", f"{root}_vf0": "vfio.devices", f"{root}_vf1": "vfio.devices"}
    again = run(info["providers"])
    assert again["changed"] is False
    assert run.writes == []
    assert len(again["kept"]) == 3
