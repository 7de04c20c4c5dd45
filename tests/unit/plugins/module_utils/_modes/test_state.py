# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._modes.state import State


def test_virtual_functions_that_are_being_removed_have_no_card():
    virtual = {"0000:31:01.0": "0000:31:00.0", "0000:31:01.1": None}
    state = State({}, {}, virtual, [], False, {}, [], {})
    assert state.leaving == ["0000:31:01.1"]
    assert state.seen.uses == ()
