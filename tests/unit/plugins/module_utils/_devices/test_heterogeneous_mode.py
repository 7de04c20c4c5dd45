# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import heterogeneous_mode
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError

L40S = "0000:84:00.0"
MODE = "    GPU Virtualization Mode\n        vGPU Heterogeneous Mode           : {}\n"
SIZES = "    vGPU Device Capability\n        Heterogeneous Time-Slice Sizes    : {}\n"


class Host:
    timeout = 30.0

    def __init__(self, text):
        self.text = text

    def run(self, name, arguments, **options):
        return self.text


@pytest.mark.parametrize(
    ("text", "mixed", "reason"),
    [
        (MODE.format("Enabled") + SIZES.format("Supported"), True, ""),
        (MODE.format("Disabled") + SIZES.format("Supported"), False, ""),
        (MODE.format("Disabled"), False, ""),
        (MODE.format("Disabled") + SIZES.format("Not Supported"), None, "Not Supported"),
        (MODE.format("Disabled") + SIZES.format("Not Supported").replace("neous", "nous"), None, "Not Supported"),
        (MODE.format("N/A"), None, "N/A"),
        ("", None, "vGPU 17"),
    ],
)
def test_what_the_program_says(text, mixed, reason):
    found = heterogeneous_mode.observe(Host(text), L40S)
    assert found.mixed is mixed
    assert reason in found.reason


def test_a_host_without_the_program(simulated):
    found = heterogeneous_mode.observe(simulated("t4").root(), "0000:3b:00.0")
    assert (found.mixed, found.reason) == (None, "there is no program nvidia-smi below /simulated")


def test_the_mode_lasts_until_the_driver_leaves_the_gpu(simulated):
    host = simulated("l40s")
    heterogeneous_mode.enable(host.root(), L40S)
    assert heterogeneous_mode.observe(host.root(), L40S).mixed
    host.kernel.reboot()
    assert heterogeneous_mode.observe(host.root(), L40S).mixed is False


def test_a_gpu_with_vgpus_keeps_its_mode(simulated):
    host = simulated("l40s")
    host.converge({"type": "NVIDIA L40S-8Q", "parent": L40S})
    with pytest.raises(HostError, match="status 19: Unable to set vGPU heterogeneous mode: In use by another client"):
        heterogeneous_mode.enable(host.root(), L40S)
