# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._instances.assemble import assemble
from ansible_collections.vfio.devices.plugins.module_utils._instances.context import Context
from ansible_collections.vfio.devices.plugins.module_utils._model.host import FrameworkState, Parent

CARD = "0000:84:00.0"
VF = {
    "uuid": None,
    "address": "0000:84:00.4",
    "parent": "0000:84:00.4",
    "type": "1145",
    "type_name": "NVIDIA L40S-24Q",
    "attributes": [],
    "autostart": True,
}


def test_a_device_that_only_a_record_knows_is_defined():
    parent = Parent("0000:84:00.4", "vendor_vfio", physical_function=CARD)
    record = {"instances": [VF], "identity": {"subsystem": "10de:1851"}}
    state = assemble(
        FrameworkState([parent], [], {}, {}), Context({CARD: record}, {CARD: {"subsystem": "10de:1851"}}, {}, {}, "1")
    )
    (device,) = state.devices
    assert (device.address, device.state, device.framework) == ("0000:84:00.4", "defined", "vendor_vfio")
    assert state.recorded_identities == {CARD: {"subsystem": "10de:1851"}}
    assert state.records == {CARD: {"instances": [VF]}}


def test_the_record_of_another_card_is_worth_nothing():
    parent = Parent("0000:84:00.4", "vendor_vfio", physical_function=CARD)
    record = {"instances": [VF], "identity": {"subsystem": "10de:1851"}}
    state = assemble(
        FrameworkState([parent], [], {}, {}), Context({CARD: record}, {CARD: {"subsystem": "10de:ffff"}}, {}, {}, None)
    )
    assert state.records == {}
