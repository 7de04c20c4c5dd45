# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._modes.apply import REMEDIES

ICE = "0000:31:00.0"


@pytest.mark.parametrize("name", sorted(set(REMEDIES) - {"EACCES"}))
def test_errno_is_named_with_a_remedy(switch, name):
    run = switch("nics")
    run.host.kernel.faults.fail("sys/bus/pci/devices/*/sriov_numvfs", getattr(errno, name), ("write",))
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "4"})
    assert name in result["failures"][0]
    assert f". {REMEDIES[name][0].upper()}{REMEDIES[name][1:]}" in result["failures"][0]


def test_card_that_cannot_be_put_back_is_named(switch):
    run = switch("nics")
    run.host.kernel.faults.fail("sys/bus/pci/drivers*", errno.EIO, ("write",))
    result = run({"pf": ICE, "mode": "pf"})
    (function,) = result["functions"]
    assert function["action"] == "restored"
    run.host.kernel.faults.clear()
    run.host.kernel.faults.fail("sys/bus/pci/drivers_probe", errno.EIO, ("write",))
    run.host.kernel.faults.fail("sys/bus/pci/drivers/ice/bind", errno.EIO, ("write",))
    result = run({"pf": ICE, "mode": "pf"})
    (function,) = result["functions"]
    assert function["action"] == "failed"
    assert ". The previous state could not be restored:" in function["error"]
    assert f"{ICE} has now driver none, driver_override unset and 0 virtual functions" in function["error"]
    assert function["after"]["driver"] is None


def test_time_of_the_kernel_is_told(switch):
    run = switch("nics")
    run.host.kernel.drivers["ice"].delay_on = 22.0
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "64"})
    assert 22 <= result["functions"][0]["seconds"] < 22.5


@pytest.mark.parametrize("before", range(4))
def test_interface_may_get_its_name_meanwhile(switch, monkeypatch, before):
    """At boot, and after a guest had the card, the step runs in parallel with udev."""
    run = switch("nics")
    tools, start = run.host.tools, run.host.tools.start
    calls = iter(range(100))

    def rename_before(path, arguments, lock):
        if next(calls) == before:
            run.host.kernel.netdevs["ens49f0np0"].rename("port0")
        return start(path, arguments, lock)

    monkeypatch.setattr(tools, "start", rename_before)
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vfs": [{"index": "1", "trust": True}]})
    assert result["failures"] == []
    assert result["functions"][0]["after"]["netdevs"] == ["port0"]
    assert not run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vfs": [{"index": "1", "trust": True}]})["changed"]
