# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted
from ansible_collections.vfio.devices.plugins.modules import sriov_pf_mode

ICE = "0000:31:00.0"


@pytest.fixture
def run(simulated, run_module):
    host = simulated("nics")

    def one(*functions, check=False, **options):
        return run_module(sriov_pf_mode, {"functions": list(functions), **options}, host, check_mode=check)

    one.host = host
    return one


def test_result(run):
    entry = {"pf": ICE, "mode": "vf", "num_vfs": 2, "vf_driver": "vfio-pci", "vfs": [{"index": 0, "vlan": 5}]}
    assert run(entry, check=True)["changed"]
    result = run(entry)
    assert result["changed"]
    assert set(result) == {"changed", "functions", "failures", "diff"}
    assert set(result["functions"][0]) == set(documented()["functions"]["contains"])
    for moment in ("before", "after"):
        shown = result["functions"][0][moment]
        contains = documented()["functions"]["contains"][moment]["contains"]
        assert set(shown) == set(contains)
        for virtual in shown["virtual_functions"]:
            assert set(virtual) == set(contains["virtual_functions"]["contains"])
    assert not run(entry)["changed"]


def documented():
    return yaml.safe_load(sriov_pf_mode.RETURN)


def test_all_that_is_wrong_comes_as_a_list(run):
    result = run({"pf": ICE, "mode": "vf", "num_vfs": 999}, {"pf": "nowhere", "mode": "pf"})
    assert result["failed"]
    assert result["msg"].startswith("Nothing was changed: functions[0]")
    assert len(result["problems"]) == 2


@pytest.mark.parametrize("value", [0, -1, 1e30, True, "", "soon", "inf", "nan", "1_0", "\uff14", [], {}])
def test_time_that_is_none(run, value):
    result = run({"pf": ICE, "mode": "vf", "num_vfs": 4}, timeout=value)
    assert result["msg"].startswith("Nothing was changed: timeout must be a number of seconds from 0.1 to 86400, and ")
    assert run({"pf": ICE, "mode": "vf", "num_vfs": 4}, check=True)["changed"]


@pytest.mark.parametrize("value", [True, 1.5, "1_0", "\uff14", "\u0663", "1e3", "", 10**30, []])
@pytest.mark.parametrize("setting", ["vlan", "qos", "min_tx_rate", "max_tx_rate", "index", "num_vfs"])
def test_numbers_that_are_none(run, setting, value):
    own = {"num_vfs": value} if setting == "num_vfs" else {"vfs": [{"index": "0", setting: value}]}
    result = run({"pf": ICE, "mode": "vf", **own}, check=True)
    assert setting in result["msg"]
    assert "number" in result["msg"] or "string" in result["msg"]


def test_failure_has_the_whole_result(run):
    run.host.kernel.drivers["ice"].fails_with = "ENOMEM"
    result = run({"pf": ICE, "mode": "vf", "num_vfs": 4})
    assert result["failed"]
    assert "ENOMEM" in result["msg"]
    assert result["functions"][0]["action"] == "restored"
    assert result["failures"] == [result["msg"]]


def test_connection_is_that_of_the_environment(run, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.9 50000 192.0.2.1 22")
    result = run({"pf": "enp1s0f0", "mode": "pf"})
    assert "carries the connection of this run (192.0.2.9)" in result["msg"]
    assert run({"pf": "enp1s0f0", "mode": "pf"}, allow_host_network=True)["changed"]


def test_busy_cards(run):
    run({"pf": ICE, "mode": "pf"})
    run.host.kernel.hold(ICE)
    assert run({"pf": ICE, "mode": "vf"})["failed"]
    result = run({"pf": ICE, "mode": "vf"}, on_busy="skip")
    assert "failed" not in result
    assert result["functions"][0]["action"] == "busy"


def test_root_that_is_none(run_module):
    result = run_module(sriov_pf_mode, {"functions": [{"pf": ICE, "mode": "pf"}], "host_root": "/no/such/root"})
    assert result["msg"] == "/no/such/root is not the root of a host: it has no directory sys"


def test_options_of_the_documentation_are_those_of_the_module():
    options = yaml.safe_load(sriov_pf_mode.DOCUMENTATION)["options"]
    suboptions = options["functions"]["suboptions"]
    assert set(suboptions) == set(wanted.FUNCTION)
    assert set(suboptions["vfs"]["suboptions"]) == set(wanted.VIRTUAL_FUNCTION)
