# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import facts

FACTS = {
    "physical_functions": [],
    "parents": [],
    "devices": [
        {"uuid": None, "address": "a", "type": None, "type_name": None, "parent": "mtty", "state": "active"},
    ],
}


@pytest.mark.parametrize("name", ["mixed", "a40", "l40s", "mtty", "nics", "s390"])
def test_facts_of_hosts_are_right(simulated, name):
    host = simulated(name)
    assert facts.problems(host.facts()) == []
    assert facts.problems(host.facts("physical_functions", "parents", "devices", "users"), users=True) == []


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        (None, ["the facts of a host are a dictionary, and not null"]),
        ({"devices": []}, ["the facts have no physical_functions", "the facts have no parents"]),
        ({**FACTS, "parents": None}, ["parents must be a list, and not null"]),
        ({**FACTS, "devices": ["a"]}, ["devices[0] must be a dictionary, and not 'a'"]),
        (
            {**FACTS, "devices": [{**FACTS["devices"][0], "state": None, "parent": 5}]},
            ["devices[0].parent must be text or null, and not 5", "devices[0].state must be text, and not null"],
        ),
    ],
)
def test_what_is_wrong(given, sentences):
    assert facts.problems(given) == sentences


def test_users_that_nobody_has_looked_for():
    assert facts.problems(FACTS, users=True) == ["devices[0] has no users"]
    unknown = {**FACTS, "devices": [{**FACTS["devices"][0], "users": None}]}
    assert facts.problems(unknown, users=True) == ["devices[0].users must be a list, and not null"]


def test_many_problems_are_counted():
    assert facts.problems({**FACTS, "devices": [5] * 9})[-1] == "4 more such problems"
