# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import converge as placement_converge
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError, Reply
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    CONFLICT,
    MARKER,
    OPTIONS,
    FakePlacement,
    inventory,
    parse,
    provider,
    refusal,
    root,
)

A = "00000000-0000-0000-0000-0000000000a0"


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    slept = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    return slept


def entries(count=1, total=4, **fields):
    return [
        {
            "name": f"node_{number}",
            "parent": "node",
            "inventories": {"CUSTOM_VF": {"total": total}},
            "traits": ["CUSTOM_A"],
            **fields,
        }
        for number in range(count)
    ]


def converge(placement, *wanted, check=False, **options):
    options = {**OPTIONS, **options}
    return placement_converge.converge(placement, options, parse(*wanted, **options), check)[0]


def ours(total=4, **fields):
    return provider(
        A, "node_0", inventories={"CUSTOM_VF": inventory(total)}, **{"traits": ["CUSTOM_A", MARKER], **fields}
    )


def verbs(placement, *names):
    return [one[0] for one in placement.said if one[0] in names]


def test_marker_before_inventories():
    placement = FakePlacement(root())
    converge(placement, *entries())
    writes = ("make_class", "make_trait", "create", "write_traits", "write_inventories")
    assert verbs(placement, *writes) == ["make_class", "make_trait", "make_trait", *writes[2:]]


@pytest.mark.parametrize("verb", ["create", "write_traits", "write_inventories", "make_class", "make_trait"])
@pytest.mark.parametrize("reply", [CONFLICT, refusal(500), refusal(503), Reply(None, "cut")])
def test_tried_again(verb, reply, pauses):
    placement = FakePlacement(root())
    placement.faults = {verb: [reply, reply]}
    result = converge(placement, *entries())
    assert result["failures"] == []
    assert result["created"] == ["node_0"]
    assert len(pauses) == 2
    (made,) = [one for one in placement.data.values() if one["name"] == "node_0"]
    assert made["inventories"] == {"CUSTOM_VF": inventory(4)}
    assert made["traits"] == ["CUSTOM_A", MARKER]


@pytest.mark.parametrize("reply", [CONFLICT, refusal(500)])
def test_given_up(reply):
    placement = FakePlacement(root(), ours())
    placement.faults = {"write_inventories": [reply] * 9}
    result = converge(placement, *entries(total=5))
    assert "given up after 3 tries" in result["failures"][0]
    assert result["retries"] == 2
    assert result["changed"] is False


def test_other_refusals_end_at_once():
    placement = FakePlacement(root(), ours())
    placement.faults = {"write_inventories": [refusal(409, "placement.inventory.inuse")]}
    result = converge(placement, *entries(total=5))
    assert result["retries"] == 0
    assert "Placement says 409 Title: Detail" in result["failures"][0]


def test_progress_counts_anew():
    placement = FakePlacement(root(), ours(traits=[MARKER]))
    placement.faults = {"write_traits": [CONFLICT, CONFLICT], "write_inventories": [CONFLICT, CONFLICT]}
    result = converge(placement, *entries(total=5))
    assert result["failures"] == []
    assert result["retries"] == 4


def test_the_plan_is_made_again():
    placement = FakePlacement(root(), ours())
    placement.before = {"write_inventories": [lambda: placement.data[A].update(generation=9, usages={"CUSTOM_VF": 4})]}
    result = converge(placement, *entries(total=3))
    assert (
        "it was changed by another client during the run, and now: providers[0] (node_0): CUSTOM_VF cannot shrink"
        in (result["failures"][0])
    )


def test_somebody_else_did_the_same():
    placement = FakePlacement(root(), ours())

    def change():
        placement.data[A].update(generation=9, inventories={"CUSTOM_VF": inventory(5)})

    placement.before = {"write_inventories": [change]}
    result = converge(placement, *entries(total=5))
    assert result["failures"] == []
    assert len(verbs(placement, "write_inventories")) == 1


def test_somebody_else_removed_it():
    placement = FakePlacement(root(), ours())
    placement.before = {"write_inventories": [lambda: placement.data.pop(A)]}
    assert converge(placement, *entries(total=5))["failures"] == []
    assert placement.data[A]["inventories"] == {"CUSTOM_VF": inventory(5)}


def test_somebody_else_took_it():
    placement = FakePlacement(root(), ours())
    placement.before = {"write_inventories": [lambda: placement.data[A].update(generation=9, traits=["OWNER_NOVA"])]}
    assert "belongs to nova" in converge(placement, *entries(total=5))["failures"][0]


def test_a_name_that_another_tree_has():
    placement = FakePlacement(root(), {**ours(), "root": A, "parent": None})
    result = converge(placement, *entries())
    assert "there is another provider of this name in the cloud" in result["failures"][0]


def test_children_of_what_failed_are_left_out_and_others_go_on():
    placement = FakePlacement(root(), provider(A, "other"))
    placement.faults = {"create": [refusal(400)]}
    leaf = {**entries()[0], "name": "leaf", "parent": "node_0"}
    result = converge(placement, *entries(), leaf, {**leaf, "name": "other", "parent": "node"}, tries=1)
    assert result["failures"][1] == "leaf remains unchanged, because node_0 failed"
    assert result["updated"] == ["other"]
    assert result["changed"]


def test_parents_of_what_was_not_removed_are_left_out():
    placement = FakePlacement(root(), ours(), provider("b", "leaf", A))
    placement.faults = {"delete": [refusal(409, "placement.resource_provider.inuse")]}
    result = converge(placement, {"name": "node_0"}, {"name": "leaf"}, state="absent")
    assert result["removed"] == []
    assert "node_0 remains unchanged, because leaf failed" in result["failures"]


def test_no_rights_stop_everything():
    placement = FakePlacement(root())
    placement.faults = {"make_trait": [refusal(403)]}
    result = converge(placement, *entries(5))
    assert len(result["failures"]) == 5
    assert all("needs the role admin" in one for one in result["failures"])
    assert verbs(placement, "create") == []


def test_half_done_is_told():
    placement = FakePlacement(root())
    placement.faults = {"write_inventories": [refusal(400)]}
    result = converge(placement, *entries())
    assert result["changed"]
    assert result["diff"]["after"]["node_0"]["inventories"] == {}
    assert result["diff"]["after"]["node_0"]["traits"] == ["CUSTOM_A", MARKER]


def test_check_mode_says_the_same_and_writes_nothing():
    placement = FakePlacement(root())
    predicted = converge(placement, *entries(3), check=True)
    assert verbs(placement, "create", "make_class", "make_trait", "write_traits", "write_inventories") == []
    done = converge(FakePlacement(root()), *entries(3))
    assert {**predicted, "calls": 0} == {**done, "calls": 0}


LOST = Reply(None, "cut")


def test_what_nobody_knows_is_read_in_the_end():
    placement = FakePlacement(root(), ours())

    def write():
        placement.data[A].update(generation=9, inventories={"CUSTOM_VF": inventory(5)})

    placement.faults = {"write_inventories": [LOST]}
    placement.before = {"write_inventories": [write]}
    result = converge(placement, *entries(total=5), tries=1)
    assert result["failures"] == [
        "node_0: given up after 1 try: cannot write_inventories: no answer from Placement (cut)"
    ]
    assert result["changed"]
    assert result["diff"]["after"]["node_0"]["inventories"] == {"CUSTOM_VF": inventory(5)}


@pytest.mark.parametrize("reply", [LOST, refusal(500)])
@pytest.mark.parametrize("verb", ["create", "write_traits", "write_inventories"])
def test_what_nobody_can_find_out_counts_as_a_change(verb, reply):
    placement = FakePlacement(root()) if verb == "create" else FakePlacement(root(), ours(traits=[MARKER]))
    placement.faults = {verb: [reply] * 9, "provider": [LOST] * 9}
    result = converge(placement, *entries(total=5), tries=1)
    assert result["failures"][0].endswith(". Placement may still have completed the change. Run the play again")
    assert result["changed"]


def test_a_removal_that_was_done():
    placement = FakePlacement(root(), ours())
    placement.faults = {"delete": [LOST] * 9}
    placement.before = {"delete": [lambda: placement.data.pop(A)]}
    result = converge(placement, {"name": "node_0"}, state="absent", tries=1)
    assert (result["removed"], result["failures"], result["changed"]) == (["node_0"], [], True)


@pytest.mark.parametrize("reply", [Reply(409, "<html>"), Reply(404, None), Reply(403, {}), Reply(302, "moved")])
def test_a_removal_that_was_done_and_something_between_says_no(reply):
    placement = FakePlacement(root(), ours())
    placement.faults = {"delete": [reply] * 9}
    placement.before = {"delete": [lambda: placement.data.pop(A)]}
    result = converge(placement, {"name": "node_0"}, state="absent")
    assert (result["removed"], result["changed"], result["retries"]) == (["node_0"], True, 0)


def test_a_removal_that_was_not_done():
    placement = FakePlacement(root(), ours())
    placement.faults = {"delete": [LOST] * 9}
    result = converge(placement, {"name": "node_0"}, state="absent", tries=1)
    assert (result["removed"], len(result["failures"]), result["changed"]) == ([], 1, False)


def test_a_provider_that_was_made_without_an_answer_and_then_failed():
    placement = FakePlacement(root())
    create = placement.create

    def lose(*given):
        create(*given)
        raise PlacementError("cannot create", LOST)

    placement.create = lose
    placement.faults = {"write_traits": [refusal(400)]}
    result = converge(placement, *entries())
    assert result["changed"]
    assert result["diff"]["after"]["node_0"]["traits"] == []


@pytest.mark.parametrize("verb", ["make_class", "make_trait"])
@pytest.mark.parametrize("known", [True, False, None])
def test_a_name_that_may_have_been_made(verb, known):
    placement = FakePlacement(root())
    placement.faults = {verb: [LOST] * 9}

    def afterwards():
        if known:
            placement.known |= {"CUSTOM_VF", "CUSTOM_A", MARKER}
        if known is None:
            placement.faults |= {"known_traits": [LOST] * 9, "known_classes": [LOST] * 9}

    placement.before = {verb: [afterwards]}
    result = converge(placement, *entries(), tries=1)
    assert len(result["failures"]) == 1
    # The class is created before the trait.
    assert result["changed"] is (known is not False or verb == "make_trait")
    assert bool(result["resource_classes"] if verb == "make_class" else result["traits"]) is bool(known)


@pytest.mark.parametrize("verb", ["make_class", "make_trait", "create", "write_traits", "write_inventories"])
def test_no_fault_of_ours_hides_what_was_done(verb):
    placement = FakePlacement(root(), provider(A, "other"))

    def break_down():
        raise KeyError("generation")

    placement.before = {verb: [break_down]}
    result = converge(placement, *entries(), {**entries()[0], "name": "other"})
    assert (
        "this is a bug in vfio.devices (KeyError: 'generation'). Please report it as an issue" in result["failures"][0]
    )
    assert result["changed"] is (verb != "make_class")
    if verb in ("create", "write_traits", "write_inventories"):
        assert result["updated"] == ["other"] or result["created"] == ["node_0"]


def test_pauses_are_as_long_as_placement_asks_for(pauses):
    placement = FakePlacement(root())
    busy = refusal(503)._replace(wait=7.0)
    placement.faults = {verb: [busy] for verb in ("make_class", "make_trait", "create", "write_traits")}
    assert converge(placement, *entries())["failures"] == []
    assert pauses == [7.0] * 4


def test_a_removal_gets_the_pause_too(pauses):
    placement = FakePlacement(root(), ours())
    placement.faults = {"delete": [refusal(429)._replace(wait=7.0)]}
    assert converge(placement, {"name": "node_0"}, state="absent")["removed"] == ["node_0"]
    assert pauses == [7.0]
