# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import types

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleFilterError
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import cards

WORKING = {"program": "/usr/sbin/mdevctl", "udev_program": "/usr/sbin/mdevctl", "udev_works": True}
FACTS = {"physical_functions": [], "parents": [], "devices": [], "mdevctl": WORKING}
VARIABLES = {
    "inventory_hostname": "h1",
    "vfio_profiles": [],
    "vfio_host_root": "/",
    "ansible_facts": {},
    "mdev_packages": [],
    "_iommu_required": {},
}
SEEN = {"facts": FACTS, "boot_problems": ["no Python"], "settings": {}, "services": {}, "restarts_owed": []}
UNCHANGED, DIFFERENT = {"seen": json.dumps({"facts": FACTS})}, {"seen": json.dumps(SEEN)}


@pytest.fixture
def act(monkeypatch):
    """Run the action with a given result of its module; ``act.calls`` records the options of the module."""
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(cards, "_options", lambda known: {"users": False})
    monkeypatch.setattr(cards, "selection", lambda profiles, facts: {"cards": {}, "profiles": []})
    monkeypatch.setattr(cards, "resolve", lambda profiles, facts: {"cards": [{"framework": "mdev", "owner": "nova"}]})

    def run(answer, reasons=(), variables=None):
        monkeypatch.setattr(cards, "reasons", lambda *_arguments: cards.Reasons(list(reasons), [], [], []))
        action = cards.ComparesHost.__new__(cards.ComparesHost)
        templar = types.SimpleNamespace(template=lambda value: value)
        templar.copy_with_new_env = lambda available_variables: templar
        action._templar = templar
        act.calls = []

        def execute(module_args, task_vars):
            act.calls.append(module_args)
            if isinstance(answer, Exception):
                raise answer
            return answer

        action._execute_module = execute
        return action.run(None, {**VARIABLES, **(variables or {})})

    def act(*arguments, **options):
        return run(*arguments, **options)

    return act


def test_an_unchanged_host_returns_no_facts(act):
    result = act(UNCHANGED)
    assert result == {
        **{"changed": False, "due": [], "parts": [], "roles": [], "kernel": [], "missing": []},
        "selection": {"cards": {}, "profiles": []},
        "unmanaged": ["nova", "cyborg"],
    }
    assert act.calls == [{"users": False}]


def test_a_host_with_something_to_do_returns_its_facts(act):
    result = act(DIFFERENT, reasons=["the devices differ"])
    assert result["boot_problems"] == ["no Python"]
    assert result["due"] == ["the devices differ"]
    assert result["ansible_facts"] == {"mdev": FACTS}


def test_a_missing_card_of_which_the_host_has_settings_is_reported(act, monkeypatch):
    one = {"name": "a", "cards": {}, "missing": ["0000:d8:00.0"], "lacks": "the host has no 0000:d8:00.0."}
    monkeypatch.setattr(cards, "selection", lambda profiles, facts: {"cards": {}, "profiles": [one]})
    assert act(UNCHANGED)["missing"] == []
    for seen in ({"settings": {"/a": "0000:d8:00.0"}}, {"reasons": {"modes": ["there is no 0000:d8:00.0"]}}):
        result = act({"seen": json.dumps({**SEEN, **seen})})
        assert result["missing"][0].startswith("profile a: the host has no 0000:d8:00.0. ")


def test_a_warning_of_a_role_is_one_of_the_comparison(act):
    missing = {"program": None, "udev_program": None, "udev_works": False}
    result = act({"seen": json.dumps({"facts": {**FACTS, "mdevctl": missing}})})
    assert (result["due"], len(result["warnings"])) == ([], 1)
    assert "mdevctl is not installed on h1" in result["warnings"][0]


def test_a_misspelled_variable_causes_a_warning(act):
    missing = {"program": None, "udev_program": None, "udev_works": False}
    result = act({"seen": json.dumps({"facts": {**FACTS, "mdevctl": missing}})}, variables={"vfio_onbusy": "skip"})
    sentence = "vfio_onbusy is not a variable of the collection vfio.devices. Did you mean vfio_on_busy?"
    assert (result["warnings"][0], len(result["warnings"])) == (sentence, 2)
    assert act(UNCHANGED, variables={"vfio_onbusy": "skip"})["warnings"] == [sentence]


def test_all_invalid_variables_are_errors_of_the_task(act):
    result = act(UNCHANGED, variables={"vfio_on_busy": "ignore", "mdev_persist": "maybe"})
    assert act.calls == []
    assert result["failed"] and result["problems"] == [
        "mdev_persist must be true or false, and not 'maybe'",
        "vfio_on_busy must be fail or skip, and not 'ignore'",
    ]
    assert result["msg"] == "\n".join(result["problems"])


def test_profiles_that_do_not_fit_leave_the_host_to_the_roles(act, monkeypatch):
    def refuse(profiles, facts):
        raise AnsibleFilterError("vfio_profiles cannot be used")

    monkeypatch.setattr(cards, "resolve", refuse)
    result = act(DIFFERENT)
    assert "vfio_profiles cannot be used" in result["due"][0]
    assert result["roles"] == result["due"]
    assert result["ansible_facts"] == {"mdev": FACTS}


def test_the_play_needs_no_role(act, monkeypatch):
    found = []
    monkeypatch.setattr(cards, "_options", lambda known: found.append("nova_config_text" in known) or {})
    assert (act(UNCHANGED)["due"], found) == ([], [True])


def test_a_missing_variable_leaves_the_host_to_the_roles(act, monkeypatch):
    monkeypatch.setattr(cards, "_options", lambda known: known["nova_config_release"])
    assert act(UNCHANGED)["due"] == ["'nova_config_release' is not set in this play"]


@pytest.mark.parametrize("answer", [{"failed": True, "msg": "no"}, {"unreachable": True, "msg": "no"}])
def test_a_failed_module_is_a_failed_task(act, answer):
    assert act(answer) == answer


def test_an_unreachable_host_is_a_failed_task(act):
    failed = act(AnsibleConnectionFailure("Task failed: no\nroute"))
    assert (failed["failed"], failed["msg"]) == (True, "The host is unreachable: no route")
    assert "unreachable" not in failed


@pytest.mark.parametrize("parent", [None, "ansible-playbook"])
def test_only_a_forked_process_freezes_its_objects(act, monkeypatch, parent):
    frozen = []
    monkeypatch.setattr(cards.gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setattr(cards.multiprocessing, "parent_process", lambda: parent)
    act(UNCHANGED)
    assert bool(frozen) == bool(parent)


def test_what_the_kernel_lacks_is_named(monkeypatch):
    lacks = {"arguments": ["iommu=pt"], "drivers": ["vfio_pci"], "nouveau": ["0000:3b:00.0"]}
    required = {"lacks": lacks, "cards": ["0000:3b:00.0"], "waiting": ["0000:3b:00.0"]}
    monkeypatch.setattr(cards, "kernel_requirements", lambda *_arguments: required)
    known = {"iommu_kernel_arguments": [], "iommu_passthrough": True}
    assert cards._kernel(known, {}, {"iommu": {"enabled": False}}) == [
        "the kernel argument iommu=pt is missing",
        "the driver vfio_pci is not loaded",
        "0000:3b:00.0 has the driver nouveau",
        "the IOMMU is off",
        "0000:3b:00.0 waits for a reboot",
    ]
