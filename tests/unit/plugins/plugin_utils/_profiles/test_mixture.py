# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the places of single devices; the tests of ``mixed_types`` cover their use by profiles."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import mixture, selection

L40S = "0000:84:00.0"
WITH_USERS = ("physical_functions", "parents", "devices", "users")


@pytest.fixture
def place(simulated):
    def place(counts, *existing, held=()):
        host = simulated("l40s")
        for address, kind in existing:
            host.converge({"type": f"NVIDIA L40S-{kind}", "parent": address})
        for address in held:
            host.kernel.hold(address)
        subject = selection.subjects(host.facts(*WITH_USERS))[L40S]
        ids = {one["name"].rpartition("-")[2]: one["id"] for one in subject["types"]}
        wanted = {ids[kind]: count for kind, count in counts.items()}
        placed, problem = mixture.place(wanted, subject)
        assert problem is None
        return {
            kind: (
                [(one["name"][-4:], one["existing"]) for one in placed[ids[kind]].parents],
                placed[ids[kind]].waiting,
            )
            for kind in counts
        }

    return place


def test_free_functions_in_their_order(place):
    assert place({"12Q": 1, "6Q": 2}) == {"12Q": ([("00.4", 0)], 0), "6Q": ([("00.5", 0), ("00.6", 0)], 0)}


def test_what_exists_stays_where_it_is(place):
    found = place({"3Q": 2, "3A": 1}, ("0000:84:00.5", "3A"), ("0000:84:00.7", "3Q"))
    assert found == {"3Q": ([("00.4", 0), ("00.7", 1)], 0), "3A": ([("00.5", 1)], 0)}


def test_of_too_many_those_of_guests_stay(place):
    existing = [(f"0000:84:00.{number}", "3Q") for number in (4, 5, 6)]
    found = place({"3Q": 1, "3A": 1}, *existing, held=["0000:84:00.6"])
    assert found == {"3Q": ([("00.6", 1)], 0), "3A": ([("00.4", 0)], 0)}


def test_a_guest_with_a_type_that_is_not_declared_keeps_it(place):
    found = place({"24Q": 1, "12Q": 1}, ("0000:84:00.4", "48Q"), held=["0000:84:00.4"])
    assert found == {"24Q": ([("00.4", 1)], 1), "12Q": ([], 1)}
