# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible_collections.vfio.devices.plugins.modules import mdev_facts

H200 = "0000:41:00.0"


def functions(host):
    return {one["address"]: one["mig"] for one in host.facts("physical_functions", "mig")["physical_functions"]}


def test_gpus_have_profiles_and_instances(simulated):
    host = simulated("h200")
    host.kernel.nvidia_smi.run(["-i", H200, "-mig", "1"])
    host.kernel.nvidia_smi.run(["mig", "-i", H200, "-cgi", "9:4", "-C"])
    found = functions(host)
    assert found[H200]["enabled"] and found[H200]["pending"]
    assert found[H200]["instances"] == [{"id": 2, "profile": "3g.71gb", "start": 4, "size": 4, "compute_instances": 1}]
    assert found[H200]["profiles"][0] == {
        "name": "1g.18gb",
        "memory_mib": 16384,
        "most": 7,
        "size": 1,
        "starts": [0, 1, 2, 3, 4, 5, 6],
    }
    assert not found["0000:c1:00.0"]["enabled"]
    documented = yaml.safe_load(mdev_facts.RETURN)["ansible_facts"]["contains"]["mdev"]["contains"]
    contains = documented["physical_functions"]["contains"]["mig"]["contains"]
    assert set(found[H200]) == set(contains)
    assert set(found[H200]["profiles"][0]) == set(contains["profiles"]["contains"])


def test_hosts_without_it_run_no_program(simulated):
    host = simulated("nics")
    assert set(functions(host).values()) == {None}
    assert not host.tools.calls


def test_program_that_fails_is_a_warning(simulated):
    host = simulated("h200")
    host.tools.failures["nvidia-smi"] = "Driver/library version mismatch"
    facts = host.facts("physical_functions", "mig")
    assert {one["mig"] for one in facts["physical_functions"]} == {None}
    assert "version mismatch" in facts["warnings"][0]
