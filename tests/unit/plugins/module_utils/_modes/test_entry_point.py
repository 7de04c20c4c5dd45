# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._modes.entry_point import set_modes
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call

GIVEN = {
    "on_busy": "fail",
    "accept_unseen": [],
    "persist": True,
    "timeout": 30,
    "host_root": "/",
    "functions": [],
    "allow_host_network": False,
}


@pytest.fixture
def call(simulated):
    host = simulated("empty")
    return Call(True, open=lambda root, timeout: host.root())


def test_the_result_comes_with_its_warnings(call):
    result, warnings = set_modes(GIVEN, call)
    assert (result["changed"], list(warnings)) == (False, [])


def test_a_wrong_timeout_is_refused(call):
    with pytest.raises(Refused, match="^timeout "):
        set_modes({**GIVEN, "timeout": "soon"}, call)
