# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._placement import client
from ansible_collections.vfio.devices.plugins.modules import placement_inventory_info
from ansible_collections.vfio.devices.tests.unit.placement_fake import FakePlacement, provider, refusal, root

A = "00000000-0000-0000-0000-0000000000a0"


@pytest.fixture
def placement(monkeypatch):
    fake = FakePlacement(root(), provider(A, "node_a"))
    monkeypatch.setattr(client, "connect", lambda options: fake)
    return fake


def test_documentation_has_the_very_fields_that_are_returned(run_module, placement):
    result = run_module(placement_inventory_info, {"roots": ["node"]})
    documented = yaml.safe_load(placement_inventory_info.RETURN)
    assert set(result) == {"changed", *documented}
    assert result["changed"] is False
    assert set(result["providers"][0]) == set(documented["providers"]["contains"])


def test_check_mode_is_the_same(run_module, placement):
    first = run_module(placement_inventory_info, {"roots": ["node"]}, check_mode=True)
    assert {**run_module(placement_inventory_info, {"roots": ["node"]}), "calls": 0} == {**first, "calls": 0}


def test_names_that_are_none(run_module, placement):
    result = run_module(placement_inventory_info, {"roots": ["", " "]})
    assert result["msg"].count("is not the name of a provider") == 2


def test_placement_that_cannot_be_read(run_module, placement):
    placement.faults = {"tree": [refusal(403)]}
    assert "needs the role admin" in run_module(placement_inventory_info, {"roots": ["node"]})["msg"]


def test_a_number_of_tries_that_is_none(run_module, placement):
    result = run_module(placement_inventory_info, {"roots": ["node"], "tries": 0})
    assert result["msg"] == "tries must be a whole number from 1 to 100, and not 0"
