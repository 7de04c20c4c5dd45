# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import nvidia_sriov
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError

GPU = "0000:41:00.0"


@pytest.mark.parametrize(
    ("vendor", "pci_class", "governs"),
    [
        ("10de", "0302", True),
        ("10de", "1200", True),
        ("10de", "0200", False),
        ("15b3", "0302", False),
        (None, None, False),
    ],
)
def test_only_gpus_of_one_vendor(vendor, pci_class, governs):
    assert nvidia_sriov.governs(vendor, pci_class) is governs


def test_lock_is_tried_again_for_a_bounded_time(simulated):
    host = simulated("a40")
    host.kernel.nvml_clients = True
    before = host.files.now()
    with pytest.raises(
        HostError,
        match="Cannot obtain unbindLock.*The program failed [0-9]+ times. Stop the programs that monitor the GPU",
    ):
        nvidia_sriov.run(host.root(), GPU, enable=False)
    assert nvidia_sriov.PATIENCE <= host.files.now() - before < 2 * nvidia_sriov.PATIENCE
    assert len(host.kernel.function(GPU).sriov.vfs) == 32


def test_other_failures_are_told_at_once(simulated):
    host = simulated("a40")
    host.tools.failures["usr/lib/nvidia/sriov-manage"] = "no such GPU"
    with pytest.raises(HostError, match="no such GPU"):
        nvidia_sriov.run(host.root(), GPU, enable=False)
    assert len(host.tools.calls) == 1


def test_program_that_hangs_is_left_at_work(simulated):
    host = simulated("a40")
    host.tools.hanging.add(nvidia_sriov.PROGRAM)
    with pytest.raises(HostError) as error:
        nvidia_sriov.run(host.root(), GPU, enable=False)
    assert error.value.pending
