# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._instances import failures
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device
from ansible_collections.vfio.devices.plugins.module_utils._model.work import (
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
)

DEVICE = PlannedDevice("mtty", "mtty", "u1", None, "mtty-1", None, ())


@pytest.mark.parametrize(
    ("step", "attempt"),
    [
        (MakeDevice("mtty", DEVICE), "make u1 of type mtty-1 on mtty"),
        (RemoveDevice("mtty", Device("mtty", "mdev", uuid="u1"), None), "remove u1 on mtty"),
        (KeepDefinition("mtty", "mtty", "u1", None, takes_away=True), "undefine u1 on mtty"),
        (KeepDevices("mtty", "record", None), "record mtty on mtty"),
    ],
)
def test_what_was_attempted(step, attempt):
    assert failures.explain(step, HostError("no answer", "etc/x")) == f"cannot {attempt}: no answer"


@pytest.mark.parametrize(
    ("path", "remedy"), [("sys/x", "; the driver is busy. Run the play again later"), ("etc/x", "")]
)
def test_remedy_of_an_error_of_the_kernel(path, remedy):
    error = HostError("EBUSY", path, errno="EBUSY")
    assert (
        failures.explain(MakeDevice("mtty", DEVICE), error) == f"cannot make u1 of type mtty-1 on mtty: EBUSY{remedy}"
    )
