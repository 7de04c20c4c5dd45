# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.plugins.modules import mdev_facts


def test_facts_and_nothing_else(simulated, run_module):
    result = run_module(mdev_facts, {}, simulated("t4"))
    assert set(result) == {"changed", "ansible_facts"}
    assert result["changed"] is False
    assert set(result["ansible_facts"]) == {"mdev"}
    assert set(result["ansible_facts"]["mdev"]) == {*run_facts.DEFAULT_PARTS, "warnings"}


def test_check_mode_is_the_same(simulated, run_module):
    host = simulated("mixed")
    assert run_module(mdev_facts, {}, host, check_mode=True) == run_module(mdev_facts, {}, host)


def test_gather_chooses(simulated, run_module):
    result = run_module(mdev_facts, {"gather": ["devices", "users"]}, simulated("mixed"))
    assert set(result["ansible_facts"]["mdev"]) == {"devices", "warnings"}
    assert any(device["users"] for device in result["ansible_facts"]["mdev"]["devices"])


def test_unknown_part_is_one_clear_error(run_module):
    result = run_module(mdev_facts, {"gather": ["devices", "everything"]})
    assert result["failed"]
    assert "gather" in result["msg"]
    assert "everything" in result["msg"]


def test_wrong_classes_are_told_at_once(simulated, run_module):
    result = run_module(mdev_facts, {"classes": ["02", "0x12", "gpu"]}, simulated("t4"))
    assert result["failed"]
    assert result["msg"] == (
        "classes: '0x12' is not a PCI class such as '0302'; 'gpu' is not a PCI class such as '0302'"
    )


def test_root_that_does_not_exist(run_module):
    result = run_module(mdev_facts, {"host_root": "/no/such/root"})
    assert result == {"failed": True, "msg": "/no/such/root is not the root of a host: it has no directory sys"}


@pytest.mark.parametrize("root", ["/", ""])
def test_this_very_machine(run_module, root):
    options = {"gather": list(run_facts.PARTS)}
    result = run_module(mdev_facts, {**options, "host_root": root} if root else options)
    assert "failed" not in result


def test_many_warnings_are_not_repeated_all(simulated, run_module, monkeypatch):
    shown = []
    monkeypatch.setattr(mdev_facts.AnsibleModule, "warn", lambda self, sentence: shown.append(sentence))
    host = simulated("t4")
    host.kernel.faults.fail("*/available_instances", errno.EIO)
    result = run_module(mdev_facts, {}, host)
    assert len(result["ansible_facts"]["mdev"]["warnings"]) == 34
    assert len(shown) == 4
    assert shown[-1] == "31 more such problems on this host"


def documented(contains):
    return {name: documented(field["contains"]) if "contains" in field else None for name, field in contains.items()}


def returned(value):
    """Return the fields of a value; those of list elements are merged."""
    if isinstance(value, dict):
        return {name: returned(field) for name, field in value.items()}
    if isinstance(value, list):
        fields = {}
        for element in value:
            if isinstance(element, dict):
                fields = together(fields, returned(element))
        return fields or None
    return None


def together(fields, others):
    """Merge the fields of two values and of their parts."""
    if not fields or not others:
        return others or fields
    return {name: together(fields.get(name), others.get(name)) for name in [*fields, *others]}


def test_documentation_has_the_very_fields_that_are_returned(simulated, run_module):
    host = simulated("mixed")
    facts = run_module(mdev_facts, {"gather": list(run_facts.PARTS)}, host)["ansible_facts"]["mdev"]
    facts["iommu"]["shared_groups"].append({"group": 1, "devices": []})
    smi = (gpus := simulated("h200")).kernel.nvidia_smi
    smi.run(["-i", "0000:41:00.0", "-mig", "1"])
    smi.run(["mig", "-i", "0000:41:00.0", "-cgi", "9"])
    facts["physical_functions"] += gpus.facts("physical_functions", "mig")["physical_functions"][:1]
    for profile, card in (("xe", "0000:03:00.0"), ("i915", "0000:00:02.0")):
        (shared := simulated(profile)).files.write(f"sys/bus/pci/devices/{card}/sriov_numvfs", b"1")
        facts["physical_functions"] += shared.facts("physical_functions")["physical_functions"]
    for parent in facts["parents"]:
        # Fields of a card that does not answer.
        parent["unreadable"] = facts["physical_functions"][0]["unreadable"] = None
        for offered in parent["types"]:
            offered["attributes"] = {}
    found = returned(facts)
    found["versions"]["drivers"] = None
    found["physical_functions"]["virtual_functions"]["vdpa"] = None
    for where in (found["physical_functions"], found["physical_functions"]["virtual_functions"]):
        where["users"] = None
    for parent in (found["parents"]["types"],):
        parent["attributes"] = None
    contains = yaml.safe_load(mdev_facts.RETURN)["ansible_facts"]["contains"]["mdev"]["contains"]
    assert found == documented(contains)
