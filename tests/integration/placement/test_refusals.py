# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test refusals before any write, of requests that Placement would accept or reject half-way."""

from __future__ import annotations

import pytest

GUEST = "22222222-0000-0000-0000-00000000000"


def child(root, number, traits=("CUSTOM_A",), **fields):
    return {
        "name": f"{root}_vf{number}",
        "parent": root,
        "inventories": {"CUSTOM_VF": {"total": 4, **fields}},
        "traits": list(traits),
    }


@pytest.fixture
def refused(run, cloud):
    """Return the problems of a refusal, also in check mode; check that nothing was written."""

    def expect(providers, **options):
        predicted = run(providers, check=True, **options)
        result = run(providers, **options)
        assert result["failed"]
        assert run.writes == []
        assert predicted == result
        assert result["msg"].startswith("Nothing was changed in Placement: ")
        return result["problems"]

    return expect


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


def test_all_that_is_wrong_is_told_at_once(refused, root):
    bad = [child(root, 0, total=0), child(root, 1, reserved=5), child(root, 2, min_unit=3, max_unit=2)]
    bad += [child(root, 3, max_unit=5), child(root, 4, allocation_ratio=0), child(root, 5, traits=["lower"])]
    assert len(refused(bad)) == 6


def test_everything_that_needs_a_look_at_once(refused, run, cloud, root):
    run([child(root, 0), child(root, 1)])
    cloud.allocate(f"{GUEST}1", f"{root}_vf0", {"CUSTOM_VF": 3})
    bad = [child(root, 0, total=2), child(root, 1), {**child(root, 2), "parent": "nobody"}]
    bad += [child(root, 3, traits=["HW_NO_SUCH"]), child(root, 4, traits=["OWNER_NOVA"])]
    bad += [{**child(root, 5), "inventories": {"NO_SUCH": {"total": 1}}}]
    bad += [{**child(root, 6), "name": f"{root}_pci_0000_84_00_0"}, {**child(root, 7), "name": f"{root}_0000:84:00.0"}]
    problems = refused(bad)
    for sentence in (
        "CUSTOM_VF cannot shrink to total 2",
        "its parent nobody is neither listed nor in Placement",
        "has no trait HW_NO_SUCH",
        "OWNER_NOVA must not be set",
        "has no resource class NO_SUCH",
        "nova-compute creates a provider with this name itself, and fails if another service has created it. Remove "
        "the entry, or use another name",
        "nova-compute (PCI devices) and cyborg-agent create providers with this name, and fail if another service has "
        "created it. Use another name. On hosts without cyborg-agent, list the trait OWNER_CYBORG and write the "
        "address in lower case for Cyborg's shape",
    ):
        assert len([one for one in problems if sentence in one]) == 1, sentence
    assert len(problems) == 7


def test_what_is_in_use_is_safe(refused, run, cloud, root):
    run([child(root, 0)])
    cloud.allocate(f"{GUEST}2", f"{root}_vf0", {"CUSTOM_VF": 3})
    for fields in ({"total": 2}, {"reserved": 2}, {"total": 4, "allocation_ratio": 0.5}):
        assert f"{root}_vf0" in only(refused([child(root, 0, **fields)]))
    gone = {**child(root, 0), "inventories": {}}
    assert "CUSTOM_VF cannot be removed while 3 of it are in use" in only(refused([gone]))
    assert "while 3 of CUSTOM_VF are in use" in only(refused([child(root, 0)], state="absent"))
    assert run([child(root, 0, total=3)])["changed"]
    assert run([child(root, 0, total=3)], drain=True)["changed"]


def test_an_overcommitted_provider_may_grow(run, cloud, root):
    run([child(root, 0)])
    cloud.allocate(f"{GUEST}3", f"{root}_vf0", {"CUSTOM_VF": 4})
    cloud.set(f"{root}_vf0", "inventories", {"CUSTOM_VF": {"total": 1}})
    assert run([child(root, 0, total=2)])["changed"]
    assert run([child(root, 0, total=1)])["failed"]


def test_providers_of_nova(refused, run, cloud, root):
    name = f"{root}_pci_0000_84_00_0"
    cloud.make(name, root, traits=["OWNER_NOVA"], inventories={"VGPU": 4})
    cloud("PUT", "/traits/CUSTOM_OTHER")
    cloud.set(name, "traits", ["OWNER_NOVA", "CUSTOM_OTHER"])
    entry = {"name": name, "parent": root, "traits": ["CUSTOM_TIER_GOLD"]}
    assert run([entry])["updated"] == [name]
    assert cloud.get(name, "traits") == ["CUSTOM_OTHER", "CUSTOM_TIER_GOLD", "OWNER_NOVA"]
    assert run([entry])["changed"] is False
    assert run([entry], traits_mode="exact")["changed"]
    assert cloud.get(name, "traits") == ["CUSTOM_TIER_GOLD", "OWNER_NOVA"]
    assert cloud.get(name, "inventories")["VGPU"]["total"] == 4
    assert "its inventories cannot be changed, because it belongs to nova" in only(
        refused([{**entry, "inventories": {"VGPU": {"total": 3}}}])
    )
    assert "cannot get HW_NIC_SRIOV" in only(refused([{**entry, "traits": ["HW_NIC_SRIOV"]}]))
    assert "cannot be removed, because it belongs to nova" in only(refused([entry], state="absent"))
    assert run([], purge=True, scope=[root])["changed"] is False


def test_providers_of_cyborg_and_in_its_shape(refused, run, cloud, root):
    theirs, ours = f"{root}_0000:84:00.0", f"{root}_0000:85:00.0"
    cloud.make(theirs, root, traits=["OWNER_CYBORG"], inventories={"PGPU": 1})
    assert "belongs to cyborg" in only(refused([{"name": theirs, "inventories": {"PGPU": {"total": 2}}}]))
    shaped = {
        "name": ours,
        "parent": root,
        "inventories": {"VGPU": {"total": 4}},
        "traits": ["OWNER_CYBORG", "CUSTOM_NVIDIA_1EB8_T4_1B"],
    }
    assert run([shaped])["created"] == [ours]
    assert run([shaped])["changed"] is False
    assert run([shaped], state="absent")["removed"] == [ours]


def test_pci_devices_of_nova_lose_traits_of_others(refused, cloud, root):
    name = f"{root}_0000:AF:00.0"
    cloud("PUT", "/resource_classes/CUSTOM_PCI_10DE_1EB8")
    cloud.make(name, root, traits=["OWNER_NOVA", "COMPUTE_MANAGED_PCI_DEVICE"], inventories={"CUSTOM_PCI_10DE_1EB8": 1})
    assert "device_spec" in only(refused([{"name": name, "traits": ["CUSTOM_A"]}]))


def test_providers_of_nobody_can_be_adopted(refused, run, cloud, root):
    name = f"{root}_by-hand"
    cloud("PUT", "/resource_classes/CUSTOM_VF")
    cloud.make(name, root, inventories={"CUSTOM_VF": 2})
    entry = {"name": name, "inventories": {"CUSTOM_VF": {"total": 4}}}
    assert ", or add this trait to manage it" in only(refused([entry]))
    assert "does not have the trait" in only(refused([entry], state="absent"))
    cloud.set(name, "traits", ["CUSTOM_OWNER_VFIO_DEVICES"])
    assert run([entry])["updated"] == [name]


def test_places_that_do_not_fit(refused, run, cloud, root):
    run([child(root, 0), child(root, 1)])
    moved = {**child(root, 0), "parent": f"{root}_vf1"}
    assert ". Providers are not moved: correct parent, or remove the provider first" in only(refused([moved]))
    other = {**child(root, 0), "uuid": "bbbbbbbb-0000-0000-0000-000000000000"}
    assert "does not match" in only(refused([other]))
    unknown = {"uuid": "bbbbbbbb-0000-0000-0000-000000000001"}
    assert "there is no provider with this UUID. Set its name to create it" in only(refused([unknown]))
    assert "scope: there is no provider nowhere" in only(refused([child(root, 0)], purge=True, scope=["nowhere"]))
    run([{**child(root, 2), "parent": f"{root}_vf0"}])
    assert "cannot be removed, because it has other children:" in only(refused([child(root, 0)], state="absent"))


def test_a_name_that_another_tree_has(run, cloud, root):
    """Only Placement can detect this conflict, when the other providers are already written."""
    cloud.make(f"{root}-b")
    cloud.make(f"{root}_vf1", f"{root}-b")
    result = run([child(root, 0), child(root, 1), {**child(root, 2), "parent": f"{root}_vf1"}, child(root, 3)])
    assert result["failed"]
    assert result["changed"]
    assert result["created"] == [f"{root}_vf0", f"{root}_vf3"]
    assert "another provider of this name" in result["failures"][0]
    assert f"{root}_vf2 remains unchanged, because {root}_vf1 failed" in result["failures"][1]
    cloud("DELETE", f"/resource_providers/{cloud.provider(f'{root}_vf1')['uuid']}")
    result = run([child(root, 0), child(root, 1), {**child(root, 2), "parent": f"{root}_vf1"}, child(root, 3)])
    assert result["created"] == [f"{root}_vf1", f"{root}_vf2"]


def test_a_vgpu_that_nova_would_not_find_is_warned_of(run, root, monkeypatch):
    from ansible_collections.vfio.devices.plugins.modules import placement_inventory

    warnings = []
    monkeypatch.setattr(placement_inventory.AnsibleModule, "warn", lambda self, sentence: warnings.append(sentence))
    run([{**child(root, 0), "inventories": {"VGPU": {"total": 1}}}])
    assert len(warnings) == 1
    assert (
        "nova finds the device of a VGPU by the name of its provider, and has no device with this name, so a guest "
        "with this VGPU cannot start. Use a custom class (CUSTOM_...)" in warnings[0]
    )
