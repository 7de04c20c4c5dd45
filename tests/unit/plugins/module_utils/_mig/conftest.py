# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest


@pytest.fixture
def host(simulated):
    """Return a host with two H200 and an A100."""
    return simulated("h200")
