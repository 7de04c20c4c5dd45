# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.observe import observe_devices


def test_devices_definitions_and_records_are_read_and_users_are_not(simulated):
    host = simulated("mtty")
    (uuid,) = host.converge({"type": "mtty-1", "parent": "mtty", "count": "1"})["created"]
    host.kernel.hold(uuid)
    state = observe_devices(host.root())
    assert [(device.id, device.state, device.autostart, device.uses) for device in state.devices] == [
        (uuid, "active", True, ())
    ]
    assert list(state.definitions) == [("mtty", uuid)]
    assert list(state.records) == ["mtty"]
    assert state.blind_spots == ()
