# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.action import placement_inventory as action
from ansible_collections.vfio.devices.plugins.module_utils._core import progress as _progress


class Waits:
    """An event that is set after so many looks; before each look something happens."""

    def __init__(self, *happenings):
        self.happenings = iter(happenings)

    def wait(self, seconds):
        happening = next(self.happenings, None)
        if happening:
            happening()
        return happening is None


def test_only_news_are_shown(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(action._long_work, "tell", lines.append)
    monkeypatch.setattr(action, "time", types.SimpleNamespace(monotonic=itertools.count().__next__))
    path = str(tmp_path / "progress")

    def told(done):
        _progress.into(path)("providers written", done, 9)

    action.show(path, 0, Waits(lambda: "nothing yet", lambda: told(3), lambda: "the same", lambda: told(7)))
    assert lines == ["Placement: 3 of 9 providers written after 1 s", "Placement: 7 of 9 providers written after 2 s"]


@pytest.mark.parametrize(("transport", "has_file"), [("local", True), ("ansible.builtin.local", True), ("ssh", False)])
def test_a_file_is_only_of_use_on_the_controller(monkeypatch, tmp_path, transport, has_file):
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(action.constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
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
