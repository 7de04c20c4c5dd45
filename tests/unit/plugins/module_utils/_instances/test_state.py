# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.state import State


def test_nobody_has_looked_at_users_yet():
    state = State([], [], {}, {})
    assert (state.blind_spots, state.unreadable, state.moved) == ((), {}, {})
