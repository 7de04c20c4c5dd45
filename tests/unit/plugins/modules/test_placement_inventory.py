# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._placement import client
from ansible_collections.vfio.devices.plugins.modules import placement_inventory
from ansible_collections.vfio.devices.tests.unit.placement_fake import FakePlacement, inventory, provider, refusal, root


@pytest.fixture
def placement(monkeypatch):
    fake = FakePlacement(root())
    monkeypatch.setattr(client, "connect", lambda options: fake)
    return fake


PROVIDERS = [{"name": "node_a", "parent": "node", "inventories": {"CUSTOM_VF": {"total": 2}}}]


def test_change_second_run_and_check_mode(run_module, placement):
    options = {"providers": PROVIDERS}
    predicted = run_module(placement_inventory, options, check_mode=True)
    assert len(placement.data) == 1
    done = run_module(placement_inventory, options)
    assert done["changed"] is predicted["changed"] is True
    assert done["diff"] == predicted["diff"]
    assert run_module(placement_inventory, options)["changed"] is False


def test_a_refusal_tells_all_problems_and_asks_nobody(run_module, placement):
    result = run_module(placement_inventory, {"providers": [{"name": ""}, {"traits": ["x"]}]})
    assert result["failed"]
    assert result["msg"].startswith("Nothing was changed in Placement: ")
    assert len(result["problems"]) == 3
    assert placement.said == []


def test_a_failure_has_the_whole_result(run_module, placement):
    placement.faults = {"write_inventories": [refusal(400)]}
    result = run_module(placement_inventory, {"providers": PROVIDERS})
    assert result["failed"]
    assert result["msg"] == result["failures"][0]
    assert result["changed"]


def test_placement_that_cannot_be_read(run_module, placement):
    placement.faults = {"find": [refusal(403)]}
    result = run_module(placement_inventory, {"providers": PROVIDERS})
    assert result["failed"]
    assert result["msg"].startswith("Nothing was changed in Placement: cannot find: Placement says 403")


def test_warnings_are_shown(run_module, placement, monkeypatch):
    shown = []
    monkeypatch.setattr(placement_inventory.AnsibleModule, "warn", lambda self, sentence: shown.append(sentence))
    run_module(placement_inventory, {"providers": [{**PROVIDERS[0], "inventories": {"VGPU": {"total": 1}}}]})
    assert len(shown) == 1


def test_nothing_is_written_to_the_log_of_the_system(run_module, placement, monkeypatch):
    logged = []
    monkeypatch.setattr(placement_inventory.AnsibleModule, "log", lambda self, *words, **fields: logged.append(words))
    cloud = {"auth": {"password": "secret"}}
    run_module(placement_inventory, {"providers": PROVIDERS, "cloud": cloud})
    assert logged == []


def test_documentation_has_the_very_fields_that_are_returned(run_module, placement):
    placement.data["b"] = provider("b", "node_b")
    result = run_module(placement_inventory, {"providers": PROVIDERS, "purge": True, "scope": ["node"]})
    documented = yaml.safe_load(placement_inventory.RETURN)
    assert set(result) - {"changed", "diff"} == set(documented)
    assert {key for one in result["providers"] for key in one} == set(documented["providers"]["contains"])


def test_usages_are_left_out_in_check_mode_only(run_module, placement):
    used = provider(
        "00000000-0000-0000-0000-0000000000a1", "node_a", inventories={"CUSTOM_VF": inventory(4)},
        usages={"CUSTOM_VF": 3},
    )  # fmt: skip
    placement.data[used["uuid"]] = used
    options = {"providers": PROVIDERS, "check_usages": False}
    assert "CUSTOM_VF cannot shrink" in run_module(placement_inventory, {"providers": PROVIDERS})["msg"]
    assert run_module(placement_inventory, options, check_mode=True)["updated"] == ["node_a"]
    refused = run_module(placement_inventory, options)
    assert (
        "check_usages: false is only valid in check mode, because guests could lose their allocations" in refused["msg"]
    )
    assert used["inventories"]["CUSTOM_VF"]["total"] == 4
