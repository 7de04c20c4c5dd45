# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._guards.base import user
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import Holder


def test_user_as_facts_show_it():
    assert user(Holder(7, "python3", None, True, "/dev/nvidia0")) == {
        "pid": 7,
        "command": "python3",
        "domain": None,
        "running": True,
        "device_file": "/dev/nvidia0",
    }
