# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible.module_utils import basic
from ansible_collections.vfio.devices.plugins.modules import service_settings_info


def test_result(simulated, run_module):
    options = {"project": "nova", "program": "nova-compute", "path": "/etc/nova/nova.conf.d/50-vfio-devices.conf"}
    result = run_module(service_settings_info, options, simulated("t4"))
    assert set(result) == {"changed", *yaml.safe_load(service_settings_info.RETURN)}
    assert (result["changed"], result["reads"], result["problems"]) == (False, None, [])


def test_the_current_file_is_not_logged(simulated, run_module, monkeypatch):
    """It may belong to the operator and contain passwords."""
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **parts: logged.append(f"{text} {parts}"))
    options = {"project": "nova", "program": "nova-compute", "path": "/etc/kolla/config/nova/t4/nova.conf"}
    options["present"] = "[keystone_authtoken]\npassword = hush\n"
    run_module(service_settings_info, options, simulated("t4"))
    assert [options["path"] in line for line in logged] == [True]
    assert [line for line in logged if "hush" in line] == []


def test_values_that_would_be_paths_are_refused_together(simulated, run_module):
    options = {"project": "../etc", "program": "a/b", "unit": "../x", "path": "etc/../nova.conf"}
    result = run_module(service_settings_info, options, simulated("t4"))
    assert result["failed"]
    assert "project must be a name such as nova, and not '../etc'" in result["msg"]
    assert "program must be a name such as nova-compute, and not 'a/b'" in result["msg"]
    assert "unit: '../x' is not a name of a systemd service such as 'nova-compute'" in result["msg"]
    assert "path must be the absolute path of a file" in result["msg"]
