# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible_collections.vfio.devices.plugins.modules import service_settings_info


def test_result(simulated, run_module):
    options = {"project": "nova", "program": "nova-compute", "path": "/etc/nova/nova.conf.d/50-vfio-devices.conf"}
    result = run_module(service_settings_info, options, simulated("t4"))
    assert set(result) == {"changed", *yaml.safe_load(service_settings_info.RETURN)}
    assert (result["changed"], result["reads"], result["problems"]) == (False, None, [])
