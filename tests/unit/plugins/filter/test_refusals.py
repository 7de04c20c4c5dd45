# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.refusals import FilterModule

refusals = FilterModule().filters()["refusals"]
NOTHING = {"physical_functions": [], "parents": [], "devices": []}
PLAN = {"cards": [], "functions": [], "instances": [], "unwanted": [], "later": []}


@pytest.mark.parametrize(
    ("value", "arguments", "options", "lines"),
    [
        ([], ("resolve", NOTHING), {}, []),
        (
            [1],
            ("resolve", NOTHING),
            {},
            ["vfio_profiles cannot be used on this host:", "vfio_profiles[0] must be a dictionary, as in [{name: "],
        ),
        (PLAN, ("nova_config", "2026.2"), {}, []),
        (
            PLAN,
            ("nova_config", "25"),
            {"report_in_placement": True},
            [
                "the nova configuration cannot be created:",
                "nova 25 does not support report_in_placement. nova 26 or later does",
            ],
        ),
        (PLAN, ("provider_config", "host", "nobody"), {}, ["provider_config: "]),
        (PLAN, ("cyborg_config",), {"drivers": 1}, ["cyborg_config: drivers must be a list of names, and not 1"]),
        (PLAN, ("placement_tree", "host"), {"shape": "x"}, ["placement_tree: shape must be one of "]),
    ],
)
def test_sentences_instead_of_an_error(value, arguments, options, lines):
    found = refusals(value, *arguments, **options)
    assert len(found) >= len(lines)
    assert bool(found) == bool(lines)
    assert all(line.startswith(begin) for line, begin in zip(found, lines))


def test_it_knows_filters_that_refuse_only():
    with pytest.raises(AnsibleFilterError, match="name must be one of resolve, nova_config"):
        refusals([], "drift")
