# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.action import show as action


@pytest.fixture
def show(monkeypatch):
    """Run the action with some options: its result, and what it has printed."""
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    printed = []
    monkeypatch.setattr(action.Display, "display", lambda self, text: printed.append(text))

    def show(**options):
        plugin = action.ActionModule.__new__(action.ActionModule)
        plugin._task = types.SimpleNamespace(args=options)
        return plugin.run(None, {}), printed

    return show


@pytest.mark.parametrize("text", ["a: 'b'\n  # \"c\"", ["a: 'b'", '  # "c"']])
def test_text_is_printed_as_it_is(show, text):
    result, printed = show(text=text)
    assert printed == ["a: 'b'\n  # \"c\""]
    assert result == {"changed": False, "text": printed[0]}


@pytest.mark.parametrize("options", [{}, {"text": 5}, {"text": ["a", None]}, {"text": "a", "other": "b"}])
def test_other_options_are_refused(show, options):
    with pytest.raises(AnsibleActionFail, match="show takes one option, text"):
        show(**options)
