# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import converge, plan
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    OPTIONS,
    ROOT,
    FakePlacement,
    inventory,
    parse,
    provider,
    root,
)

OLD_ROOT = "00000000-0000-0000-0000-0000000000b0"
OLD, OTHER = "00000000-0000-0000-0000-0000000000b1", "00000000-0000-0000-0000-0000000000b2"
CARD = "0000:81:00.0"
HOST = {"name": "node", "cards": [CARD], "former_root": OLD_ROOT}
NEW = f"node_vfio_{CARD}"
FOR_CARD = {"name": NEW, "parent": "node", "inventories": {"CUSTOM_VF": {"total": 8}}, "traits": []}


def below(former, *others, used=0, name=None, **fields):
    """Return a cloud with the new root, and with our provider below a root with the name ``former``."""
    amounts = {"inventories": {"CUSTOM_VF": inventory(8)}, "usages": {"CUSTOM_VF": used} if used else {}}
    old = provider(OLD, name or f"{former}_vfio_{CARD}", OLD_ROOT, **{**amounts, **fields})
    trees = [provider(OLD_ROOT, former, None, traits=["COMPUTE_NODE"]), old, *others]
    return FakePlacement(root(), *({**one, "root": OLD_ROOT} for one in trees))


def run(cloud, *entries, check=False, **options):
    options = {**OPTIONS, **options}
    return converge.converge(cloud, options, parse(*entries, **options), check)


def providers(cloud):
    return sorted(one["name"] for one in cloud.data.values() if one["parent"])


@pytest.mark.parametrize("former", ["compute1", "NODE", "node.example.org"])
def test_unused_providers_below_the_former_root_are_removed(former):
    cloud = below(former)
    old = f"{former}_vfio_{CARD}"
    predicted, warnings = run(cloud, HOST, FOR_CARD, check=True)
    assert (predicted["removed"], predicted["created"], providers(cloud)) == ([old], [NEW], [old])
    assert (list(predicted["diff"]["before"]), list(predicted["diff"]["after"])) == ([old], [NEW])
    assert f"published below the root {former} ({OLD_ROOT}) before" in warnings[0]
    assert f"set placement_root: {former}" in warnings[0]
    done, again = run(cloud, HOST, FOR_CARD)
    assert (done["diff"], providers(cloud)) == (predicted["diff"], [NEW])
    assert "The cards would be published below node, so these unused providers would be removed: " in warnings[0]
    assert again == [warnings[0].replace("would be published", "are now published").replace("would be", "are")]
    unchanged, warnings = run(cloud, HOST, FOR_CARD)
    assert (unchanged["changed"], warnings) == (False, [])


def test_a_provider_with_the_new_name_below_the_former_root():
    """For example, cyborg_host has stayed the same."""
    cloud = below("compute1", name=NEW)
    assert run(cloud, HOST, FOR_CARD)[0]["removed"] == [NEW]
    assert [(one["name"], one["parent"] == OLD_ROOT) for one in cloud.data.values() if one["parent"]] == [(NEW, False)]


def test_used_providers_below_the_former_root_refuse_the_host():
    cloud = below("compute1", used=2)
    with pytest.raises(plan.Refused) as refused:
        run(cloud, HOST, FOR_CARD)
    assert len(refused.value.problems) == 1
    (problem,) = refused.value.problems
    assert problem.startswith("providers[0] (node): This host was published below the root compute1 ")
    assert f"Guests still have 2 of CUSTOM_VF of compute1_vfio_{CARD} ({OLD})." in problem
    assert "set placement_root: compute1." in problem
    assert providers(cloud) == [f"compute1_vfio_{CARD}"]
    # A preview of changes that wait for guests.
    result, _warnings = run(cloud, HOST, FOR_CARD, check=True, check_usages=False)
    assert result["removed"] == [f"compute1_vfio_{CARD}"]


def test_children_of_others_below_the_former_root_refuse_the_host():
    cloud = below("compute1", provider(OTHER, "theirs", OLD, traits=[]))
    with pytest.raises(plan.Refused, match="has the children theirs"):
        run(cloud, HOST, FOR_CARD)


def test_providers_of_others_remain():
    cloud = below("compute1", provider(OTHER, "compute1_pci_0000_81_00_0", OLD_ROOT, traits=["OWNER_NOVA"]))
    run(cloud, HOST, FOR_CARD)
    assert providers(cloud) == ["compute1_pci_0000_81_00_0", NEW]


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "compute1", "cards": [CARD]},
        {"name": f"compute1_vfio_{CARD}", "parent": "compute1"},
        {"uuid": OLD},
    ],
)
def test_a_former_root_that_another_entry_refers_to(entry):
    """Another host has this name now."""
    cloud = below("compute1")
    result, warnings = run(cloud, HOST, FOR_CARD, entry)
    assert (result["removed"], warnings, len(providers(cloud))) == ([], [], 2)


def test_an_unchanged_root_costs_no_request():
    cloud = FakePlacement(root())
    run(cloud, HOST, FOR_CARD)

    def calls(**fields):
        cloud.said.clear()
        assert run(cloud, {"name": "node", "cards": [CARD], **fields}, FOR_CARD)[0]["changed"] is False
        return len(cloud.said)

    assert calls(former_root=ROOT) == calls()
    # A former root that no longer exists costs one.
    assert calls(former_root=OLD_ROOT) == calls() + 1


@pytest.mark.parametrize("optional", [False, True])
def test_a_missing_root_names_the_former_one(optional):
    cloud = below("compute1")
    host = {**HOST, "name": "other", "optional": optional}
    card = {**FOR_CARD, "name": f"other_vfio_{CARD}", "parent": "other"}
    if optional:
        result, warnings = run(cloud, host, card)
        assert result["missing"] == ["other", f"other_vfio_{CARD}"]
        texts = warnings
    else:
        with pytest.raises(plan.Refused) as refused:
            run(cloud, host, card)
        texts = refused.value.problems
    assert any("compute1" in text and "et placement_root: compute1" in text for text in texts)


def test_an_invalid_former_root():
    with pytest.raises(plan.Refused, match="providers.0. .node.: .* is not a UUID"):
        parse({"name": "node", "former_root": "compute1"})
