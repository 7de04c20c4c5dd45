# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call


def test_a_call_opens_the_host_itself():
    assert Call(True) == (True, None, 0, HostRoot)
