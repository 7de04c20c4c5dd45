# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.action.managed_files import ActionModule
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.managed_files import WritesFiles


def test_the_plugin_is_the_one_of_the_package():
    assert issubclass(ActionModule, WritesFiles)
