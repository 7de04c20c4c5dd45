# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import eswitch as devices_eswitch
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError

MLX5 = "0000:98:00.0"


def test_read_first_and_written_only_where_different(simulated):
    host = simulated("nics")
    devices_eswitch.apply(host.root(), MLX5, "legacy")
    assert not [call for call in host.tools.calls if " set " in call]
    devices_eswitch.apply(host.root(), MLX5, "switchdev")
    assert devices_eswitch.observe(host.root(), MLX5) == "switchdev"


def test_refusal_is_told(simulated):
    host = simulated("nics")
    host.tools.failures["devlink dev eswitch set"] = "Error: mlx5_core: Switchdev needs a newer firmware."
    with pytest.raises(HostError, match="needs a newer firmware"):
        devices_eswitch.apply(host.root(), MLX5, "switchdev")


@pytest.mark.parametrize("text", ["", "{}", '{"dev": []}', '{"dev": {"pci/0000:98:00.0": 1}}'])
def test_answer_that_cannot_be_understood(simulated, text):
    host = simulated("nics")
    host.tools._devlink = lambda arguments: text
    with pytest.raises(HostError, match="printed unknown output for"):
        devices_eswitch.observe(host.root(), MLX5)


def test_no_effect_is_found_out(simulated):
    host = simulated("nics")
    host.tools._devlink = lambda arguments: '{"dev": {"pci/0000:98:00.0": {"mode": "legacy"}}}'
    with pytest.raises(HostError, match="in mode legacy, although the mode switchdev was set"):
        devices_eswitch.apply(host.root(), MLX5, "switchdev")
