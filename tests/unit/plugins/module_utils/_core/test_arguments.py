# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import argparse

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.arguments import seconds


def test_seconds():
    assert seconds("2.5") == 2.5
    with pytest.raises(argparse.ArgumentTypeError, match="it must be a number of seconds"):
        seconds("soon")
