# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import intel_i915, intel_xe, vf_drivers
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.host import OF_GPU, VfSettings


@pytest.mark.parametrize(("driver", "module"), [("xe", intel_xe), ("i915", intel_i915), ("igb", None), (None, None)])
def test_drivers_with_shares(driver, module):
    assert vf_drivers.shares_of(driver) is module


@pytest.mark.parametrize(
    ("names", "drivers"),
    [({"vram_quota"}, ["xe", "i915"]), ({"ggtt_quota"}, ["i915"]), ({"ggtt_quota", "exec_quantum_ms"}, ["i915"])],
)
def test_what_a_setting_needs(names, drivers):
    assert [f"the driver {one} " in vf_drivers.requirement(names) for one in ("xe", "i915")] == [
        one in drivers for one in ("xe", "i915")
    ]


def test_each_setting_of_a_gpu_has_a_driver():
    assert {name for one in vf_drivers.SHARES.values() for name in one.NAMES} == set(OF_GPU)


def test_a_driver_without_shares(simulated):
    host = simulated("nics").root()
    vf_drivers.prepare(host, "0000:31:00.0", 2)
    with pytest.raises(HostError, match="has no shares for VFs"):
        vf_drivers.apply(host, "0000:31:00.0", {0: VfSettings(vram_quota=1)})
