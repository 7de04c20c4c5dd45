# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.vfio.devices.plugins.action.mdev_facts import ActionModule


def test_the_plugin_runs_its_module_as_ansible_runs_any():
    assert issubclass(ActionModule, Normal)
    assert ActionModule.run is Normal.run
