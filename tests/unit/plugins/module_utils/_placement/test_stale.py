# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from uuid import NAMESPACE_DNS, uuid3

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import converge, plan
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    CONFLICT,
    MARKER,
    OPTIONS,
    FakePlacement,
    inventory,
    parse,
    provider,
    root,
)

OLD, OTHER, CHILD = (f"00000000-0000-0000-0000-0000000000a{number}" for number in range(3))
HERE = "node_vfio_0000:81:00.0"
GONE = "node_vfio_0000:41:00.0"
HOST = {"name": "node", "cards": ["0000:81:00.0", "0000:c1:00.0"]}
FOR_HERE = {"name": HERE, "parent": "node", "inventories": {"CUSTOM_VF": {"total": 8}}, "traits": []}


def ours(name, uuid=OLD, used=0, **fields):
    amounts = {"inventories": {"CUSTOM_VF": inventory(8)}, "usages": {"CUSTOM_VF": used} if used else {}}
    return provider(uuid, name, **{**amounts, **fields})


def run(cloud, *entries, check=False, **options):
    options = {**OPTIONS, **options}
    return converge.converge(cloud, options, parse(*entries, **options), check)


def offered(cloud):
    """Map each provider name to the number of devices that new guests can get."""
    found = {one["name"]: one["inventories"].get("CUSTOM_VF") for one in cloud.data.values() if one["parent"]}
    return {name: one["total"] - one["reserved"] if one else None for name, one in found.items()}


@pytest.mark.parametrize("gone", [GONE, "node_0000:41:00.0", "old_vfio_mtty"])
def test_a_card_that_is_missing_on_the_host(gone):
    uuid = OLD if "vfio" in gone else str(uuid3(NAMESPACE_DNS, gone))
    cloud = FakePlacement(root(), ours(gone, uuid))
    predicted, warnings = run(cloud, HOST, FOR_HERE, check=True)
    assert (predicted["removed"], offered(cloud)) == ([gone], {gone: 8})
    assert ["It has no allocation and would be removed." in one for one in warnings] == [True]
    done, warnings = run(cloud, HOST, FOR_HERE)
    assert (done["removed"], done["unexpected"], offered(cloud)) == ([gone], [], {HERE: 8})
    assert [f"{gone} ({uuid}) represents the card" in one and "is removed" in one for one in warnings] == [True]
    assert run(cloud, HOST, FOR_HERE)[0]["changed"] is False


def test_a_missing_card_that_guests_still_have():
    cloud = FakePlacement(root(), ours(GONE, used=1))
    done, warnings = run(cloud, HOST, FOR_HERE)
    assert [one["name"] for one in done["unexpected"]] == [GONE]
    assert offered(cloud) == {GONE: 0, HERE: 8}
    assert "Guests still have 1 of CUSTOM_VF, so it is drained and not removed." in warnings[0]
    again, warnings = run(cloud, HOST, FOR_HERE)
    assert (again["changed"], len(warnings)) == (False, 1)
    cloud.data[OLD]["usages"] = {}
    assert run(cloud, HOST, FOR_HERE)[0]["removed"] == [GONE]
    assert offered(cloud) == {HERE: 8}


def test_a_card_that_comes_back_offers_its_devices_again():
    cloud = FakePlacement(root(), ours(GONE, used=1))
    run(cloud, HOST, FOR_HERE)
    back = {**FOR_HERE, "name": GONE}
    run(cloud, {**HOST, "cards": [*HOST["cards"], "0000:41:00.0"]}, FOR_HERE, back)
    assert offered(cloud) == {GONE: 8, HERE: 8}


@pytest.mark.parametrize("used", [0, 3])
@pytest.mark.parametrize("old_root", ["cmp1", "NODE", "node.example.org"])
def test_a_root_with_a_new_name_keeps_its_providers(old_root, used):
    old = f"{old_root}_vfio_0000:81:00.0"
    cloud = FakePlacement(root(), ours(old, used=used))
    predicted, warnings = run(cloud, HOST, FOR_HERE, check=True)
    assert (predicted["updated"], warnings) == ([HERE], [])
    assert (list(predicted["diff"]["before"]), list(predicted["diff"]["after"])) == ([old], [HERE])
    done, warnings = run(cloud, HOST, FOR_HERE)
    assert done["diff"] == predicted["diff"]
    assert (cloud.data[OLD]["name"], offered(cloud)) == (HERE, {HERE: 8})
    assert run(cloud, HOST, FOR_HERE)[0]["changed"] is False


def test_a_new_name_is_written_again_after_a_conflict():
    cloud = FakePlacement(root(), ours("cmp1_vfio_0000:81:00.0", traits=[MARKER, "CUSTOM_OLD"]))
    cloud.faults["write_traits"] = [CONFLICT]
    done, _warnings = run(cloud, HOST, FOR_HERE)
    assert (done["updated"], done["failures"]) == ([HERE], [])
    assert (cloud.data[OLD]["name"], cloud.data[OLD]["traits"]) == (HERE, [MARKER])


@pytest.mark.parametrize("used", [0, 3])
def test_a_card_with_two_providers(used):
    old = "node_0000:81:00.0"
    uuid = str(uuid3(NAMESPACE_DNS, old))
    cloud = FakePlacement(root(), ours(old, uuid, used=used), ours(HERE, OTHER))
    done, warnings = run(cloud, HOST, FOR_HERE)
    assert f"represents the same card as {HERE}" in warnings[0]
    assert offered(cloud) == ({old: 0, HERE: 8} if used else {HERE: 8})


def test_what_is_not_stale():
    """A card in no profile, foreign providers, providers with another name, and a host without known cards."""
    others = [
        ours("node_vfio_0000:c1:00.0"),
        ours("node_gpu0", OTHER),
        ours("node_0000:01:00.0", CHILD, traits=["OWNER_NOVA"]),
    ]
    cloud = FakePlacement(root(), *others)
    done, warnings = run(cloud, HOST, FOR_HERE)
    assert (done["removed"], warnings) == ([], [])
    assert offered(cloud) == {"node_vfio_0000:c1:00.0": 8, "node_gpu0": 8, "node_0000:01:00.0": 8, HERE: 8}
    assert [one["name"] for one in done["unexpected"]] == ["node_vfio_0000:c1:00.0"]
    cloud = FakePlacement(root(), ours(GONE))
    assert run(cloud, {"name": "node"}, FOR_HERE)[0]["removed"] == []


def test_a_provider_with_children_is_drained():
    cloud = FakePlacement(root(), ours(GONE), provider(CHILD, "theirs", OLD, traits=[]))
    done, warnings = run(cloud, HOST, FOR_HERE)
    assert (done["removed"], offered(cloud)[GONE]) == ([], 0)
    assert "It has children" in warnings[0]


def test_a_purge_is_stricter():
    cloud = FakePlacement(root(), ours(GONE, used=1))
    with pytest.raises(plan.Refused, match="cannot be removed while 1 of CUSTOM_VF are in use"):
        run(cloud, HOST, FOR_HERE, purge=True, scope=["node"])


@pytest.mark.parametrize("check", [True, False])
def test_check_mode_says_what_would_be_done(check):
    """The playbook verify shows these warnings and changes nothing."""
    cyborg = "node_0000:81:00.0"
    cloud = FakePlacement(root(), ours(GONE, used=1), ours(cyborg, str(uuid3(NAMESPACE_DNS, cyborg))))
    dummy, warnings = run(cloud, HOST, FOR_HERE, check=check)
    said = " ".join(warnings)
    assert ("would be drained and not removed" in said, "would be removed" in said) == (check, check)
    assert ("so it is drained and not removed" in said, " is removed." in said) == (not check, not check)
    assert "so Placement offers the card twice." in said
