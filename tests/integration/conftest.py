# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.integration.placement import stack as stacks


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Start Keystone and Placement."""
    running = stacks.Stack(tmp_path_factory.mktemp("stack"))
    yield running
    running.stop()
