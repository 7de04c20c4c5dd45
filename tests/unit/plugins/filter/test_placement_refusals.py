# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.placement_refusals import FilterModule
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._placement import converge
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    OPTIONS,
    FakePlacement,
    parse,
    provider,
    refusal,
    root,
)

placement_refusals = FilterModule().filters()["placement_refusals"]

VF = {"CUSTOM_VF": {"total": 2}}
REQUESTS = {
    "a": [{"name": "node"}, {"name": "node_1", "parent": "node", "inventories": VF}],
    "b": [{"name": "lost"}, {"name": "lost_1", "parent": "lost", "inventories": VF}],
    "c": [{"name": "other"}, {"name": "other_1", "parent": "other", "inventories": VF, "traits": ["HW_X"]}],
}
OTHER_ROOT = "00000000-0000-0000-0000-000000000002"
OTHER = {**provider(OTHER_ROOT, "other", None, traits=()), "root": OTHER_ROOT}


def call(placement, requests, **options):
    options = {**OPTIONS, **options}
    wanted = parse(*(one for providers in requests.values() for one in providers), **options)
    return converge.converge(placement, options, wanted, False)[0]


def test_refusals_are_those_of_the_host_whose_provider_it_is():
    with pytest.raises(Refused) as refused:
        call(FakePlacement(root(), OTHER), REQUESTS)
    found = placement_refusals({"failed": True, "problems": refused.value.problems}, REQUESTS)
    assert sorted(found) == ["b", "c"]
    assert found["b"][0].startswith("lost: there is no provider with this name")
    assert found["c"] == ["other_1: Placement has no trait HW_X. Correct it, or use a name that begins with CUSTOM_"]


def test_two_hosts_with_the_same_root_are_named_with_the_variable():
    second = [{"name": "NODE"}, {"name": "node_1", "parent": "NODE", "inventories": VF}]
    with pytest.raises(Refused) as refused:
        call(FakePlacement(root()), {"a": REQUESTS["a"], "b": second})
    assert placement_refusals({"problems": refused.value.problems}, {"a": REQUESTS["a"], "b": second}) == {
        "b": [
            "placement_root: NODE is also that of the host a. Set placement_root of each host to the "
            "hypervisor_hostname of its compute node"
        ]
    }


def test_a_provider_that_one_host_lists_twice_is_named_itself():
    twice = {"a": [*REQUESTS["a"], REQUESTS["a"][1]]}
    with pytest.raises(Refused) as refused:
        call(FakePlacement(root()), twice)
    (sentence,) = placement_refusals({"problems": refused.value.problems}, twice)["a"]
    assert sentence.startswith("node_1: it is providers[1] (node_1) again.")


def test_a_scope_that_is_not_there_is_that_of_its_host():
    with pytest.raises(Refused) as refused:
        call(FakePlacement(root()), {"a": [{"name": "node"}]}, purge=True, scope=["lost"])
    assert list(placement_refusals({"problems": refused.value.problems}, REQUESTS)) == ["b"]


def test_failures_are_those_of_the_host_whose_provider_failed():
    placement = FakePlacement(root(), OTHER)
    placement.faults = {"write_inventories": [refusal(400)]}
    result = call(placement, {"a": REQUESTS["a"]})
    assert result["failures"]
    assert placement_refusals(result, REQUESTS) == {"a": result["failures"]}


def test_what_was_not_begun_after_a_failure_is_that_of_its_host():
    """Placement refuses a resource class, so that no provider is written."""
    placement = FakePlacement(root(), OTHER)
    placement.faults = {"make_class": [refusal(403)]}
    result = call(placement, {"a": REQUESTS["a"]})
    assert "node_1 remains unchanged, because" in result["failures"][0]
    assert placement_refusals(result, REQUESTS) == {"a": result["failures"]}


def test_failures_of_what_was_to_be_removed_are_those_of_its_root():
    failed = {
        "failures": ["other_1: cannot create the provider other_1", "other_0: cannot remove it", "nobody: lost"],
        "providers": [
            {"name": "node", "item": 0, "uuid": "1", "root": "1"},
            {"name": "node_1", "item": 1, "uuid": "2", "root": "1"},
            {"name": "other", "item": 4, "uuid": "3", "root": "3"},
            {"name": "other_1", "item": 5, "uuid": "4", "root": "3"},
            {"name": "other_0", "item": None, "uuid": "5", "root": "3"},
        ],
    }
    assert placement_refusals(failed, REQUESTS) == {"c": failed["failures"][:2]}


@pytest.mark.parametrize(
    "result",
    [
        {"changed": True, "providers": [], "failures": []},
        {"failed": True, "msg": "Nothing was changed in Placement: cannot log in"},
        {"failed": True, "problems": ["tries must be at least 1 and not 0", "providers[99] (x): it is wrong"]},
    ],
)
def test_what_concerns_no_host_is_not_listed(result):
    assert placement_refusals(result, REQUESTS) == {}


@pytest.mark.parametrize("requests", [None, [], {"a": [1]}])
def test_other_input_is_refused(requests):
    with pytest.raises(AnsibleFilterError, match="placement_refusals needs a result"):
        placement_refusals({"problems": ["x"]}, requests)
