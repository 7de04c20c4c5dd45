# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.action.cards_apply import ActionModule
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cards_apply import AppliesPlan


def test_the_plugin_is_the_class():
    assert issubclass(ActionModule, AppliesPlan)
