# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._instances.failures import REMEDIES, explain
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import (
    KeepDefinition,
    KeepDevices,
    SetHeterogeneousMode,
)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (SetHeterogeneousMode("c"), "cannot enable vGPUs of several framebuffer sizes on c: why"),
        (KeepDevices("c", "record", None), "cannot record c on c: why"),
        (KeepDefinition("c", "p", "u", None, prevents_creation=True), "cannot undefine u on p: why"),
        (KeepDefinition("c", "p", "u", None, prevents_creation=False), "cannot define u on p: why"),
    ],
)
def test_what_was_attempted(step, sentence):
    assert explain(step, HostError("why", "path")) == sentence


def test_only_errors_of_a_device_have_a_remedy():
    step = SetHeterogeneousMode("c")
    assert explain(step, HostError("why", "sys/x", errno="EIO")).endswith(f". R{REMEDIES['EIO'][1:]}")
    assert explain(step, HostError("why", "etc/x", errno="EIO")).endswith("why")
