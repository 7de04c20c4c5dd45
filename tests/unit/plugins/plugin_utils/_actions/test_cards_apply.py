# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import types

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.modules import cards_apply as module
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import cards_apply, long_work
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences
from ansible_collections.vfio.devices.tests.unit.site import DECLARATIONS, VARIABLES

T4 = "0000:3b:00.0"


@pytest.fixture
def act(monkeypatch, run_module):
    """Run the action with its module on a simulated host; ``act.calls`` lists the module options of each call."""
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    lines, calls = [], []
    monkeypatch.setattr(long_work, "print_line", lines.append)

    def run(host, parts=differences.PARTS, check=False, budget=None, fail=None, **variables):
        plugin = cards_apply.AppliesPlan.__new__(cards_apply.AppliesPlan)
        plugin._task = types.SimpleNamespace(args={}, async_val=0, environment=[], check_mode=check)
        plugin._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(env_prefix=dict))
        templar = types.SimpleNamespace(template=lambda value: value)
        templar.copy_with_new_env = lambda available_variables: templar
        plugin._templar = templar

        def execute(module_args, task_vars):
            calls.append(copy.deepcopy(module_args))
            if fail and len(calls) == fail:
                raise AnsibleConnectionFailure("lost")
            with monkeypatch.context() as patch:
                for name in plugin._compute_environment_string() if budget is not None else ():
                    patch.setenv(name, budget)
                return json.loads(json.dumps(run_module(module, module_args, host, check_mode=check)))

        plugin._execute_module = execute
        given = {
            **VARIABLES,
            "inventory_hostname": "compute7",
            "cyborg_config_path": "",
            "vfio_profiles": DECLARATIONS["demo"]["profiles"],
            "vfio_compared": {"parts": list(parts), "settings": {}, "services": {}},
            "ansible_facts": {"mdev": host.facts()},
            **variables,
        }
        return plugin.run(None, given)

    run.lines, run.calls = lines, calls
    return run


def test_one_run_for_cards_that_have_their_functions(act, simulated):
    host = simulated("t4")
    result = act(host)
    assert (result["changed"], len(act.calls), result["is_unfinished"]) == (True, 1, False)
    assert set(result["results"]) == {"mdev_made", "boot_result"}
    assert result["ansible_facts"]["mdev"] == host.facts()
    assert result["plan"]["cards"]
    assert [one["after_header"] for one in result["diff"]][0] == "devices"
    again = act(host, parts=["boot"])
    assert (again["changed"], again["diff"]) == (False, [])
    assert "ansible_facts" not in again


def test_devices_on_new_functions_need_another_run(act, simulated):
    host = simulated("a40")
    result = act(host)
    assert (result["changed"], len(act.calls), result["plan"]["later"]) == (True, 2, [])
    assert [list(call["stages"]) for call in act.calls] == [["modes"], ["devices", "boot"]]
    assert set(result["results"]) == {"sriov_result", "mdev_made", "boot_result"}
    assert act.calls[1]["has_changed"]


def test_check_mode_is_one_run_and_reports_what_comes_later(act, simulated):
    host = simulated("debian")
    result = act(host, check=True, vfio_profiles=DECLARATIONS["late_types"]["profiles"])
    assert (len(act.calls), act.calls[0]["gather"], result["is_unfinished"]) == (1, [], True)
    assert result["plan"]["later"]
    assert not host.devices()


def test_nothing_due_on_cards_is_no_run(act, simulated):
    result = act(simulated("t4"), parts=["nova"])
    assert (result["changed"], act.calls, result["settings"]) == (False, [], {})


def test_long_work_is_reported_and_its_parts_are_one_result(act, simulated):
    whole = act(simulated("t4"))
    act.calls.clear()
    cut = act(simulated("t4"), budget="0")
    assert len(act.calls) == 16
    assert act.lines[0].startswith("compute7: 1 of 16 devices after ")
    assert {**cut, "diff": 0} == {**whole, "diff": 0}
    # The first stage runs in a separate call, and not again.
    assert list(act.calls[-1]["stages"]) == ["devices", "boot"]


def test_a_refusal_and_a_lost_host_are_failures(act, simulated):
    refused = act(simulated("t4"), boot_python="/none")
    assert refused["failed"] and refused["problems"]
    assert refused["msg"].startswith("Nothing was changed: ")
    lost = act(simulated("a40"), fail=len(act.calls) + 2)
    assert (lost["msg"], lost["failed"], lost["changed"]) == ("The host is unreachable: lost", True, True)
    assert set(lost["results"]) == {"sriov_result"}


def test_settings_follow_the_plan_after_the_change(act, simulated):
    nova = {
        "nova_config_release": 34,
        "nova_config_host": "",
        "nova_config_check_service": False,
        "nova_config_path": "/nova",
        "nova_config_text": "new",
        "nova_config_provider_path": "/traits",
        "nova_config_provider_text": "",
        "_nova_config_provider_refusals": [],
    }
    compared = {"parts": ["boot"], "settings": {"/nova": "old", "/traits": ""}, "services": {}, "restarts_owed": []}
    assert act(simulated("t4"), **nova, vfio_compared=compared)["settings"] == {"nova": "configure"}
    same = {**compared, "settings": {"/nova": "new", "/traits": ""}}
    assert act(simulated("t4"), **nova, vfio_compared=same)["settings"] == {}
    elsewhere = {**nova, "nova_config_host": "deploy"}
    assert act(simulated("t4"), **elsewhere, vfio_compared=same)["settings"] == {"nova": "main"}
    # Without other differences, the comparison returns no settings.
    published = {"due": [], "parts": []}
    assert act(simulated("t4"), **nova, vfio_compared=published)["settings"] == {}
