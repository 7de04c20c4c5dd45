# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.action import show as action
from ansible_collections.vfio.devices.plugins.modules import show


def test_the_documentation_is_all_that_the_module_has():
    assert "module: show" in show.DOCUMENTATION
    assert not hasattr(show, "main")
    assert action.ActionModule._requires_connection is False
