# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import child_process
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts


def test_every_part_and_only_the_parts_that_are_asked_for(simulated):
    host = simulated("mixed")
    parts = ("physical_functions", "parents", "devices", "iommu", "mdevctl")
    assert set(host.facts()) == {*parts, "warnings"}
    for part in parts:
        assert set(host.facts(part)) == {part, "warnings"}
        assert host.facts(part)[part] == host.facts(*parts)[part]


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        ("*/modalias", errno.EIO),
        ("*/name", errno.EIO),
        ("*/available_instances", errno.EINVAL),
        ("*/numa_node", errno.ENODEV),
    ],
)
def test_what_cannot_be_read_is_null_and_told(simulated, pattern, number):
    host = simulated("t4")
    complete = host.facts()
    host.kernel.faults.fail(pattern, number)
    facts = host.facts()
    assert len(facts["parents"]) == len(complete["parents"])
    assert facts["warnings"]
    assert all(errno.errorcode[number] in warning for warning in facts["warnings"])


def test_classes_choose_the_functions_that_share_nothing(simulated):
    host = simulated("mixed")
    assert {card["class"] for card in host.facts()["physical_functions"]} == {"0200", "0302", "0108"}
    only_capable = host.facts(classes=["ffffff"])["physical_functions"]
    assert all(card["total_vfs"] or card["framework"] for card in only_capable)
    assert len(host.facts(classes=["06"])["physical_functions"]) > len(only_capable)


def test_host_without_anything(simulated):
    facts = simulated("empty").facts()
    assert facts["parents"] == facts["devices"] == facts["warnings"] == []
    assert (facts["iommu"]["enabled"], facts["iommu"]["group_count"]) == (False, 0)


def observe_this_machine_as_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    return json.dumps(run_facts.observe(HostRoot("/"), run_facts.PARTS))


def test_an_ordinary_user_gets_facts_of_this_very_machine():
    facts = json.loads(child_process.run(observe_this_machine_as_nobody, 60))
    assert set(facts) == {*run_facts.DEFAULT_PARTS, "published_root", "versions", "warnings"}
    assert [warning for warning in facts["warnings"] if "open files of process" in warning]
