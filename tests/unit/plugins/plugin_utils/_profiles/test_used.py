# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import used

USERS = [{"pid": 1, "command": "qemu", "domain": "a", "running": True}]
MDEV = {"uuid": "u", "address": None, "type": "nvidia-1", "parent": "0000:84:00.0"}
VGPU = {"uuid": None, "address": "0000:84:00.4", "type": "2", "parent": "0000:84:00.4"}


def noted(**subject):
    card = {}
    used.note(card, {"address": "0000:84:00.0", "devices": [], **subject})
    return card


def test_nothing_in_use():
    functions = [{"address": "0000:84:00.4"}, {"address": "0000:84:00.5", "users": None}]
    assert noted(virtual_functions=functions, devices=[MDEV, {**MDEV, "users": []}, {**VGPU, "users": None}]) == {}


def test_types_and_functions():
    functions = [{"address": "0000:84:00.5", "users": USERS}, {"address": "0000:84:00.6", "users": []}]
    devices = [{**MDEV, "users": USERS}, {**MDEV, "type": None, "users": USERS}, {**VGPU, "users": USERS}]
    assert noted(virtual_functions=functions, devices=devices) == {
        "used_types": ["nvidia-1"],
        "used_functions": ["0000:84:00.4", "0000:84:00.5"],
    }


def test_a_complete_card_and_a_parent_that_is_no_pci_function():
    assert noted(users=USERS) == {"used_functions": ["0000:84:00.0"]}
    assert noted(users=USERS, address=None) == {}
