# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``fleet_table`` cover the counts in a table."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import card_types


@pytest.fixture
def counts(simulated):
    def counts(profile, *instances):
        host = simulated(profile)
        host.converge(*instances)
        facts = host.facts("parents", "devices")
        card = facts["parents"][0]["physical_function"] or facts["parents"][0]["name"]
        parents = [one for one in facts["parents"] if card in (one["physical_function"], one["name"])]
        names = {one["name"] for one in parents}
        return card_types.by_name(parents, [one for one in facts["devices"] if one["parent"] in names])

    return counts


@pytest.mark.parametrize(
    ("profile", "kind", "card", "expected"),
    [
        ("t4", "GRID T4-2B", "0000:3b:00.0", {"existing": 3, "free": 5, "most": 8}),
        ("a40", "NVIDIA A40-8Q", "0000:41:00.0", {"existing": 3, "free": 3, "most": 6}),
        ("l40s", "NVIDIA L40S-24Q", "0000:84:00.0", {"existing": 2, "free": 0, "most": 2}),
        ("mtty", "Dual port serial", "mtty", {"existing": 2, "free": 10, "most": 12}),
    ],
)
def test_counts_of_a_card(counts, profile, kind, card, expected):
    instance = {"type": kind, "parent": card, "count": str(expected["existing"])}
    assert counts(profile, instance)[kind] == expected


@pytest.mark.parametrize(("name", "identity", "shown"), [("a", "b", "a"), (None, "b", "b"), (None, None, "?")])
def test_a_type_without_a_name(name, identity, shown):
    assert card_types.type_name(name, identity) == shown


def test_a_type_that_an_occupied_gpu_cannot_make_now(counts):
    found = counts("l40s", {"type": "NVIDIA L40S-24Q", "parent": "0000:84:00.0", "count": "2"})
    assert found["NVIDIA L40S-8Q"] == {"existing": 0, "free": 0, "most": None}
