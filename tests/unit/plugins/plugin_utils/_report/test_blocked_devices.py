# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._report.blocked_devices import IN_USE, UNKNOWN, reasons


def device(parent, *users):
    return {"parent": parent, "users": list(users)}


def test_devices_without_users_wait_for_those_of_their_card():
    busy = [
        device("0000:3b:00.4", "guest"),
        device("0000:3b:00.5"),
        device("0000:af:00.0"),
        device("mtty", "guest"),
        device("mtty"),
        device("matrix"),
    ]
    assert reasons(busy) == [
        ("0000:3b:00.5", IN_USE),
        ("0000:af:00.0", UNKNOWN),
        ("mtty", IN_USE),
        ("matrix", UNKNOWN),
    ]
    assert reasons([]) == []
