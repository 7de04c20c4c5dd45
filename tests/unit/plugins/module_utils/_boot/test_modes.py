# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.modes import Modes

ICE = "0000:31:00.0"


@pytest.fixture
def stage(switch):
    """Return the stage of one card after a reboot; ``late`` maps things to the seconds until they appear."""

    def make(function, late=None):
        run = switch("nics")
        run({"pf": ICE, **function})
        run.host.kernel.reboot(late)
        (found,) = Modes.observe(run.host.root())
        return run.host, found

    return make


@pytest.mark.parametrize(
    ("function", "late", "missing"),
    [
        ({"mode": "vf", "num_vfs": "2"}, None, None),
        ({"mode": "vf", "num_vfs": "2"}, "ice", f"{ICE} is not bound to a driver"),
        ({"mode": "pf", "driver": "native"}, "ice", f"{ICE} is not bound to a driver"),
        # Another card of the same model may be at the address.
        ({"mode": "pf"}, "ice", f"the MAC address of {ICE} is not known yet, so it cannot be compared"),
        ({"mode": "pf"}, None, None),
        ({"mode": "pf"}, ICE, f"there is no PCI function {ICE}"),
    ],
)
def test_missing(stage, function, late, missing):
    assert stage(function, {late: 5} if late else None)[1].missing() == missing


def test_module_of_a_driver_is_loaded_once(stage):
    host, found = stage({"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}, {"vfio-pci": 999})
    assert found.run(True, False) == (["made 2 virtual functions", "bound virtual functions 0, 1 to vfio-pci"], [])
    assert [call for call in host.tools.calls if call.startswith("modprobe")] == ["modprobe -d /simulated vfio-pci"]
    found.run(True, False)
    assert len([call for call in host.tools.calls if call.startswith("modprobe")]) == 1


def test_check_mode_loads_nothing(stage):
    host, found = stage({"mode": "pf"}, {"vfio-pci": 999})
    with pytest.raises(Exception, match="no driver vfio-pci now"):
        found.run(True, True)
    assert not [call for call in host.tools.calls if call.startswith("modprobe")]


def test_failure_is_a_problem_without_the_address(stage):
    host, found = stage({"mode": "vf", "num_vfs": "2"})
    host.kernel.drivers["ice"].fails_with = "ENOMEM"
    done, problems = found.run(True, False)
    assert done == []
    assert problems[0].startswith("cannot write '2' to /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs: ENOMEM")


def test_boot_shows_new_virtual_functions_to_no_other_driver(stage, probes):
    host, found = stage({"mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"})
    probes.clear()
    assert found.run(True, False) == (["made 2 virtual functions", "bound virtual functions 0, 1 to vfio-pci"], [])
    assert list(probes.values()) == [["vfio-pci"]] * 2
    assert host.root().read(f"sys/bus/pci/devices/{ICE}/sriov_drivers_autoprobe") == "1"
