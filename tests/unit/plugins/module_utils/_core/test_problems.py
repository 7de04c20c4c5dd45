# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused


def test_refused_has_all_problems():
    refused = Refused(["one", "two"])
    assert (str(refused), refused.problems) == ("one; two", ["one", "two"])
