# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import provider
from ansible_collections.vfio.devices.tests.unit.plans import whole

OPTIONS = {"root": "compute1", "drain": False, "preview": False, "traits_mode": None}
BASE = {"name": "n", "parent": "compute1"}


def ours(total, **options):
    found = []
    content = ("CUSTOM_A", ["CUSTOM_T", "CUSTOM_T"])
    made = provider.create(whole(total=total), "n", {**OPTIONS, **options}, lambda *_arguments: content, found)
    assert found == []
    return made


@pytest.mark.parametrize(
    ("total", "options", "provider"),
    [
        (3, {}, {**BASE, "traits": ["CUSTOM_T"], "inventories": {"CUSTOM_A": {"total": 3}}}),
        (0, {}, {**BASE, "optional": True, "inventories": {}}),
        (None, {}, {**BASE, "optional": True}),
        (
            None,
            {"preview": True},
            {**BASE, "traits": ["CUSTOM_T"], "inventories": {"CUSTOM_A": {"total": provider.LARGEST_TOTAL}}},
        ),
        (3, {"drain": True}, {**BASE, "optional": True, "drain": True}),
    ],
)
def test_our_provider_of_a_card(total, options, provider):
    assert ours(total, **options) == provider


def test_names_that_placement_does_not_take():
    found = []
    provider.create(whole(), "n", OPTIONS, lambda *_arguments: ("bad", ["worse"]), found)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("traits", "options", "providers", "problems"),
    [
        ([], {}, 0, 0),
        ([], {"traits_mode": "exact"}, 1, 0),
        (["CUSTOM_A"], {}, 1, 0),
        (["HW_NIC_SRIOV"], {}, 1, 1),
        (["CUSTOM_A"], {"drain": True}, 1, 1),
    ],
)
def test_of_a_provider_of_others_only_custom_traits_are_ours(traits, options, providers, problems):
    found = []
    made = provider.traits_only(whole(traits=traits), ["n"], "nova", {**OPTIONS, **options}, found)
    assert (len(made), len(found)) == (providers, problems)
    assert all(one == {**BASE, "traits": traits, "optional": True} for one in made)
