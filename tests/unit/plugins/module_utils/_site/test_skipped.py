# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._site.skipped import has_skipped


@pytest.mark.parametrize(
    ("result", "skipped"),
    [
        ({}, False),
        ({"busy": [], "missing": []}, False),
        ({"busy": [{}], "missing": []}, True),
        ({"busy": [], "missing": [{}]}, True),
        ({"functions": [{"busy": []}]}, False),
        ({"functions": [{"busy": []}, {"busy": ["in use"]}]}, True),
        ({"gpus": [{"busy": ["in use"]}]}, True),
    ],
)
def test_cards_and_devices_that_were_skipped(result, skipped):
    assert has_skipped(result) is skipped
