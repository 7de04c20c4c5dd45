# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import long_work


@pytest.fixture
def act(monkeypatch, run_module):
    """Run an action plugin and its module, which stops after each device or card; ``lines`` records the output."""
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    lines = []
    monkeypatch.setattr(long_work, "print_line", lines.append)

    def run(action, module, options, host, meanwhile=lambda number: None):
        plugin = action.ActionModule.__new__(action.ActionModule)
        plugin._task = types.SimpleNamespace(args=options, async_val=0, environment=[{"LC_ALL": "C"}])
        plugin._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(env_prefix=dict))
        plugin._templar = types.SimpleNamespace(template=lambda value: value)
        calls = []

        def execute(module_args, task_vars):
            meanwhile(len(calls))
            calls.append(module_args)
            environment = plugin._compute_environment_string()
            with monkeypatch.context() as patch:
                for name in environment:
                    patch.setenv(name, "0")
                return run_module(module, module_args, host)

        plugin._execute_module = execute
        run.calls = calls
        return plugin.run(None, {"inventory_hostname": "compute7"})

    run.lines = lines
    return run
