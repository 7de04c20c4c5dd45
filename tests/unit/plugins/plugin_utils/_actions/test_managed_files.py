# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.managed_files import WritesFiles

OPTIONS = {"host_root": "/", "program": "nova-compute", "files": [{"path": "/a", "content": "new"}]}
RESULT = {"changed": True, "restart": True, "restart_owed": False, "files": [], "diff": []}
APPLIED = {"written": {"nova": OPTIONS}, "results": {"nova_config_result": RESULT, "mdev_made": {}}}


@pytest.fixture
def act(monkeypatch):
    """Return a function that runs the action plugin with options and variables."""
    monkeypatch.setattr(Normal, "run", lambda self, tmp, task_vars: "of the module")

    def run(options, **variables):
        plugin = WritesFiles.__new__(WritesFiles)
        plugin._task = types.SimpleNamespace(args=options)
        plugin._templar = types.SimpleNamespace(template=lambda value: value)
        return plugin.run(None, variables)

    return run


def test_files_that_were_written_are_not_written_again(act):
    assert act(OPTIONS, _vfio_applied_now=APPLIED) == RESULT
    failed = {**APPLIED, "results": {"nova_config_result": {"failed": True, "msg": "full"}}}
    assert act(OPTIONS, _vfio_applied_now=failed) == {"failed": True, "msg": "full"}


@pytest.mark.parametrize(
    "options",
    [
        {**OPTIONS, "files": [{"path": "/a", "content": "newer"}]},
        {**OPTIONS, "host_root": "/other"},
        {**OPTIONS, "program": ""},
    ],
)
def test_other_files_are_written_by_the_module(act, options):
    assert act(options, _vfio_applied_now=APPLIED) == "of the module"


def test_only_tasks_after_cards_apply_use_its_result(act):
    assert act(OPTIONS, vfio_applied=APPLIED) == "of the module"
    assert act(OPTIONS, _vfio_applied_now={"failed": True}) == "of the module"
