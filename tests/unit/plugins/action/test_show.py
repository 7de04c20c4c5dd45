# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.action import show as action
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import console_text


@pytest.fixture
def show(monkeypatch):
    """Run the action with some options; return its result and its output."""
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    printed = []
    monkeypatch.setattr(console_text.Display, "display", lambda self, line: printed.append(line))

    def show(**options):
        plugin = action.ActionModule.__new__(action.ActionModule)
        plugin._task = types.SimpleNamespace(args=options)
        return plugin.run(None, {}), printed

    return show


@pytest.mark.parametrize("given", ["a: 'b'\n  # \"c\"", ["a: 'b'", '  # "c"']])
def test_text_is_printed_as_it_is(show, given):
    result, printed = show(text=given)
    assert printed == ["a: 'b'\n  # \"c\""]
    assert result == {"changed": False, "text": printed[0]}
