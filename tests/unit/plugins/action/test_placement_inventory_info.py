# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.action import placement_inventory_info as action


def test_the_module_gets_the_directories(monkeypatch, tmp_path):
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.chdir(tmp_path)
    plugin = action.ActionModule.__new__(action.ActionModule)
    plugin._task = types.SimpleNamespace(args={}, async_val=0, environment=None)
    plugin._connection = types.SimpleNamespace(transport="local", _shell=types.SimpleNamespace(env_prefix=dict))
    plugin._execute_module = lambda task_vars, wrap_async: {"environment": plugin._compute_environment_string()}
    result = plugin.run(None, {"inventory_dir": "/srv/fleet"})
    assert result == {"environment": {"VFIO_DEVICES_CLOUDS_DIRECTORIES": f"{tmp_path}:/srv/fleet"}}
