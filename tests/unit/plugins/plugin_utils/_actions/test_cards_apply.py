# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import types

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.module_utils._host import replacement
from ansible_collections.vfio.devices.plugins.modules import cards_apply as module
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import cards_apply, long_work, role_variables
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences
from ansible_collections.vfio.devices.tests.unit.site import DECLARATIONS, VARIABLES

T4 = "0000:3b:00.0"
TEXT = "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n"


@pytest.fixture
def act(monkeypatch, run_module):
    """Run the action with its module on a simulated host; ``act.calls`` lists the module options of each call."""
    monkeypatch.setattr(role_variables, "VARIABLES", {})
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    lines, calls = [], []
    monkeypatch.setattr(long_work, "print_line", lines.append)

    def run(host, parts=differences.PARTS, check=False, budget=None, fail=None, **variables):
        plugin = cards_apply.AppliesPlan.__new__(cards_apply.AppliesPlan)
        plugin._task = types.SimpleNamespace(args={}, async_val=0, environment=[], check_mode=check)
        plugin._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(env_prefix=dict))
        templar = types.SimpleNamespace(template=lambda value: value() if callable(value) else value)
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


NOVA = {
    "nova_config_release": 34,
    "nova_config_host": "",
    "nova_config_check_service": False,
    "cyborg_config_check_service": False,
    "nova_config_path": "/nova",
    "nova_config_text": TEXT,
    "nova_config_provider_path": "/traits",
    "nova_config_provider_text": "",
    "_nova_config_provider_refusals": [],
}


def compared(parts=differences.PARTS, nova="old", restarts_owed=()):
    """Return a result of the module cards in which the texts of two settings files are known."""
    settings = {"/nova": nova, "/traits": "", "/cyborg": ""}
    return {"parts": [*parts], "settings": settings, "services": {}, "restarts_owed": list(restarts_owed)}


def test_settings_are_written_in_the_run_for_the_devices(act, simulated, tmp_path):
    given = {**NOVA, "vfio_host_root": str(tmp_path), "vfio_compared": compared()}
    predicted = act(simulated("t4"), **given, check=True)
    assert not list(tmp_path.iterdir())
    result = act(simulated("t4"), **given)
    assert [list(call["stages"]) for call in act.calls] == [["devices", "boot", "nova"]] * 2
    assert (tmp_path / "nova").read_text() == TEXT
    assert result["settings"] == predicted["settings"] == {"nova": "configure"}
    assert result["written"] == {"nova": act.calls[1]["stages"]["nova"]} == predicted["written"]
    assert result["results"]["nova_config_result"] == predicted["results"]["nova_config_result"]
    # The task of the role shows the difference.
    assert all("nova" not in one["after_header"] for one in result["diff"])
    both = {**given, "cyborg_config_path": "/cyborg", "cyborg_config_text": TEXT}
    result = act(simulated("t4"), **both)
    assert list(act.calls[-1]["stages"]) == ["devices", "boot", "nova", "cyborg"]
    assert result["settings"] == {"nova": "configure", "cyborg": "configure"}


def test_settings_are_not_written_before_their_text_is_certain(act, simulated, tmp_path):
    given = {**NOVA, "vfio_host_root": str(tmp_path), "vfio_compared": compared()}
    result = act(simulated("a40"), **given)
    assert [list(call["stages"]) for call in act.calls] == [["modes"], ["devices", "boot", "nova"]]
    assert set(result["written"]) == {"nova"}
    act.calls.clear()
    # The text depends on the new virtual functions.
    act(simulated("nics"), **given)
    assert [list(call["stages"]) for call in act.calls] == [["modes", "boot"], ["nova"]]
    assert act.calls[1]["has_changed"]


def test_settings_alone_need_one_run_for_all_services(act, simulated, tmp_path):
    both = {**NOVA, "cyborg_config_path": "/cyborg", "cyborg_config_text": TEXT, "vfio_host_root": str(tmp_path)}
    result = act(simulated("t4"), **both, vfio_compared=compared(["nova", "cyborg"]))
    assert [(list(call["stages"]), call["gather"]) for call in act.calls] == [(["nova", "cyborg"], [])]
    assert (result["changed"], set(result["written"])) == (False, {"nova", "cyborg"})
    assert "ansible_facts" not in result


def test_settings_whose_text_has_changed_during_the_run_are_written_again(act, simulated, tmp_path):
    """The role of nova runs, even if its text is the one from before the run."""
    host = simulated("t4")
    changing = {**NOVA, "nova_config_text": lambda: "old" if host.devices() else TEXT}
    result = act(host, **changing, vfio_host_root=str(tmp_path), vfio_compared=compared(["devices", "boot"]))
    assert (result["settings"], set(result["written"])) == ({"nova": "configure"}, {"nova"})


def test_settings_that_only_the_role_can_write(act, simulated, tmp_path):
    given = {**NOVA, "vfio_host_root": str(tmp_path)}
    same = compared(["boot"], nova=TEXT)
    assert act(simulated("t4"), **given, vfio_compared=same)["settings"] == {}
    elsewhere = {**given, "nova_config_host": "deploy", "vfio_compared": compared()}
    assert act(simulated("t4"), **elsewhere)["settings"] == {"nova": "main"}
    refused = {**given, "_nova_config_provider_refusals": ["two files list it"], "vfio_compared": compared()}
    assert act(simulated("t4"), **refused)["settings"] == {"nova": "main"}
    assert not any("nova" in call["stages"] for call in act.calls)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("budget", [None, "0"])
def test_settings_of_a_host_with_skipped_devices_are_left_to_the_role(act, simulated, tmp_path, budget):
    host = simulated("t4")
    host.converge({"parent": T4, "type": ["GRID T4-4Q"], "count": "1"})
    host.kernel.hold(next(iter(host.devices())))
    # A type that guests still have is a reason for the role of nova.
    cyborg = {"cyborg_config_path": "/cyborg", "cyborg_config_text": TEXT, "cyborg_config_check_service": False}
    cyborg["vfio_host_root"] = str(tmp_path)
    result = act(host, **cyborg, vfio_compared=compared(), vfio_on_busy="skip", budget=budget)
    assert (result["is_unfinished"], result["settings"], result["written"]) == (True, {"cyborg": "configure"}, {})
    assert not list(tmp_path.iterdir())
    assert "cyborg" in act.calls[0]["stages"]
    assert ("cyborg" in act.calls[-1]["stages"]) is (budget is None)


def test_a_failure_of_settings_is_reported_by_the_role(act, simulated, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(5, "injected")

    monkeypatch.setattr(replacement, "write_file", fail)
    result = act(simulated("t4"), **NOVA, vfio_host_root=str(tmp_path), vfio_compared=compared())
    assert "failed" not in result
    assert result["ansible_facts"]
    assert result["results"]["nova_config_result"]["failed"]
    assert (result["settings"], set(result["written"])) == ({"nova": "configure"}, {"nova"})
    # No other settings are written after a failure.
    assert len(act.calls) == 1
    (tmp_path / "nova").write_text("[pci]\n")
    refused = act(simulated("t4"), **NOVA, vfio_host_root=str(tmp_path), vfio_compared=compared())
    assert (refused["failed"], refused["written"]) == (True, {})
    assert refused["msg"].startswith("Nothing was changed: ")


def test_without_other_differences_no_settings_are_compared(act, simulated):
    published = {"due": [], "parts": []}
    assert act(simulated("t4"), **NOVA, vfio_compared=published)["settings"] == {}
    assert act.calls == []
