# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.steps import (
    creation,
    described,
    kept_device,
    removal,
)
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import DeviceWanted

ENTRY = DeviceWanted(3, "instances[3]", ("x",), autostart=None, attributes=(("a", "1"),))
DEVICE = Device("p", "mdev", "u", type_id="x", type_name="X", autostart=False)


def test_new_device_is_a_virtual_function_or_has_a_uuid():
    made = creation(ENTRY, "c", "p", "u", "x", "X", best_effort=True)
    assert (made["uuid"], made["address"], made["autostart"], made["best_effort"]) == ("u", None, True, True)
    assert creation(ENTRY, "c", "vf", None, "x", "X", best_effort=False)["address"] == "vf"


def test_kept_device_stays_out_of_the_next_boot_unless_an_entry_says_otherwise():
    assert not kept_device(DEVICE, ENTRY, "c", ())["autostart"]
    assert kept_device(DEVICE, ENTRY._replace(autostart=True), "c", ())["autostart"]


def test_removed_device_may_have_no_entry():
    assert removal(DEVICE, None, "c")["item"] is None
    assert described(DEVICE, ENTRY)["item"] == 3
