# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused, holders


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ({"pid": 7, "command": "dpdk", "domain": None, "running": True}, "pid 7, dpdk"),
        ({"pid": 7, "command": "qemu", "domain": "web1", "running": True}, "guest web1 (pid 7, qemu)"),
        ({"pid": None, "command": None, "domain": "web1", "running": True}, "guest web1 (running)"),
        ({"pid": None, "command": None, "domain": "web1", "running": False}, "guest web1 (defined)"),
        ({"pid": None, "command": None, "domain": None, "running": True}, "an unknown user"),
    ],
)
def test_who_holds_a_device(user, sentence):
    assert holders([user]) == sentence
    assert holders([user, user]) == f"{sentence}, {sentence}"


def test_refused_has_all_problems():
    refused = Refused(["one", "two"])
    assert (str(refused), refused.problems) == ("one; two", ["one", "two"])
