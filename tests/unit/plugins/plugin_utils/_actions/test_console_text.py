# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.console_text import ShowsText


@pytest.mark.parametrize("options", [{}, {"text": 5}, {"text": ["a", None]}, {"text": "a", "other": "b"}])
def test_other_options_are_refused(monkeypatch, options):
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
    plugin = ShowsText.__new__(ShowsText)
    plugin._task = types.SimpleNamespace(args=options)
    with pytest.raises(AnsibleActionFail, match="show takes one option, text"):
        plugin.run(None, {})
