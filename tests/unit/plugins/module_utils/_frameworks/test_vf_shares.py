# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import vf_shares
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.host import VfSettings

CARD = "0000:03:00.0"


def path(index, name):
    return f"sys/bus/pci/devices/{CARD}/sriov_admin/vf{index + 1}/profile/{name}"


def test_sizes_are_in_mib(simulated):
    host = simulated("xe")
    vf_shares.write_shares(host.root(), {}, {0: VfSettings(vram_quota=3)}, lambda index, name: [path(index, name)])
    assert host.root().read(path(0, "vram_quota")) == str(3 << 20)
    assert vf_shares.read_share(host.root(), path(0, "vram_quota"), "vram_quota") == 3
    assert vf_shares.read_share(host.root(), path(0, "ggtt_quota"), "ggtt_quota") is None
    names = ("vram_quota", "exec_quantum_ms")
    found = vf_shares.settings_of(host.root(), names, lambda name: path(0, name))
    assert found == VfSettings(vram_quota=3, exec_quantum_ms=0)


def test_what_is_right_is_not_written(simulated):
    host = simulated("xe")
    host.kernel.faults.fail("*/exec_quantum_ms", errno.EIO, operations=("write",))
    wanted = {0: VfSettings(exec_quantum_ms=0)}
    vf_shares.write_shares(host.root(), wanted, wanted, lambda index, name: [path(index, name)])
    with pytest.raises(HostError, match="EIO"):
        vf_shares.write_shares(host.root(), {}, wanted, lambda index, name: [path(index, name)])


def test_a_value_that_the_driver_rounds_is_an_error(simulated):
    host = simulated("i915")
    file = "sys/bus/pci/devices/0000:00:02.0/drm/card0/prelim_iov/vf1/gt0/contexts_quota"
    with pytest.raises(HostError, match="contexts_quota has 128, although 100 was written"):
        vf_shares.write_shares(host.root(), {}, {0: VfSettings(contexts_quota=100)}, lambda index, name: [file])
