# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.action import placement_inventory as action
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import controller_progress


@pytest.mark.parametrize(("transport", "has_file"), [("local", True), ("ansible.builtin.local", True), ("ssh", False)])
def test_a_file_is_only_of_use_on_the_controller(monkeypatch, tmp_path, transport, has_file):
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(controller_progress.constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    plugin = action.ActionModule.__new__(action.ActionModule)
    plugin._task = types.SimpleNamespace(args={}, async_val=0, environment=None)
    plugin._templar = types.SimpleNamespace(template=lambda value: value)
    plugin._connection = types.SimpleNamespace(transport=transport, _shell=types.SimpleNamespace(env_prefix=dict))
    seen = []

    def execute(module_args, task_vars):
        seen.append(plugin._compute_environment_string())
        return {"changed": False, "invocation": {"module_args": module_args}}

    plugin._execute_module = execute
    result = plugin.run(None, {"inventory_hostname": "compute7"})
    assert result == {"changed": False, "invocation": {"module_args": {}}}
    assert ("VFIO_DEVICES_PROGRESS" in seen[0]) is has_file
    assert not list(tmp_path.iterdir())
