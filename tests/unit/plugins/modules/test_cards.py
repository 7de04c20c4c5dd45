# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.vfio.devices.plugins.modules import boot_restore, cards, managed_files, service_settings_info

GIVEN = {"boot": {"state": "absent", "timeout": 60, "program": "0" * 64}}


def test_result(simulated, run_module):
    result = run_module(cards, GIVEN, simulated("t4"))
    assert not result["changed"]
    seen = json.loads(result["seen"])
    assert seen["facts"]["physical_functions"]
    assert (seen["modes"], seen["layouts"], seen["boot_due"]) == ({}, {}, False)
    assert not any(seen["reasons"].values())


def test_invalid_timeouts_are_refused_together(simulated, run_module):
    options = {"boot": {**GIVEN["boot"], "timeout": -1}, "timeout": "soon"}
    result = run_module(cards, options, simulated("t4"))
    assert result["failed"]
    assert "timeout" in result["msg"]
    assert "boot.timeout" in result["msg"]


def test_the_options_are_those_of_the_other_modules():
    assert boot_restore and managed_files and service_settings_info
    assert cards.BOOT["state"]["choices"] == ["present", "absent"]


def test_services_that_would_be_paths_are_refused(simulated, run_module):
    path = "/etc/nova/nova.conf.d/x.conf"
    one = {"project": "nova", "program": "nova-compute", "path": path}
    options = {**GIVEN, "files": [{"path": path}], "services": [one, {**one, "unit": "../x"}]}
    result = run_module(cards, options, simulated("t4"))
    assert result["failed"]
    assert "services[1].unit: '../x' is not a name of a systemd service such as 'nova-compute'" in result["msg"]


def test_a_service_without_its_file_is_refused(simulated, run_module):
    one = {"project": "nova", "program": "nova-compute", "path": "/etc/nova/nova.conf"}
    result = run_module(cards, {**GIVEN, "services": [one]}, simulated("t4"))
    assert "services[0].path must be one of the paths in files, and not /etc/nova/nova.conf" in result["msg"]


def test_the_unit_has_the_name_of_the_program(simulated, run_module):
    host = simulated("t4")
    host.files.replace("etc/systemd/system/nova-compute.service", b"[Service]\nExecStart=/usr/bin/nova-compute\n")
    path = "/etc/nova/nova.conf"
    one = {"project": "nova", "program": "nova-compute", "path": path}
    result = run_module(cards, {**GIVEN, "files": [{"path": path}], "services": [one]}, host)
    assert json.loads(result["seen"])["services"]["nova-compute"]["source"] == "unit"
