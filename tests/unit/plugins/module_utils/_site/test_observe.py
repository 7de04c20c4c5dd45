# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive
from ansible_collections.vfio.devices.plugins.module_utils._devices import mig, pci
from ansible_collections.vfio.devices.plugins.module_utils._run.managed_files import Requested
from ansible_collections.vfio.devices.plugins.module_utils._site.observe import Boot, Service, observe_site
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._mig.layouts import converge

BOOT = Boot(False, None, 60.0, "0" * 64)
SERVICE = Service("nova", "nova-compute", "", "/etc/nova/x.conf")


@pytest.mark.parametrize("users", [True, False])
def test_the_facts_are_those_of_the_facts_module(simulated, users):
    host = simulated("t4")
    parts = ["physical_functions", "parents", "devices", "iommu", "mdevctl", *(["users"] if users else [])]
    seen = observe_site(host.root(), ["users"] if users else [], BOOT, [], [])
    assert seen["facts"] == host.facts(*parts)
    assert not any(seen["reasons"].values())
    assert seen["boot_due"] is False
    assert json.loads(json.dumps(seen))


def test_functions_and_mig_layouts_are_read_once(simulated, monkeypatch):
    calls = []
    for read in (pci, mig):
        monkeypatch.setattr(read, "observe", lambda *args, of=read.observe: calls.append(of) or of(*args))
    host = simulated("h200")
    converge(host, {"1g.18gb": 1})
    calls.clear()
    seen = observe_site(host.root(), ["users", "mig"], BOOT, [], [])
    assert (len(calls), seen["reasons"]["layouts"]) == (2, [])
    assert seen["layouts"]


def test_an_interpreter_that_is_missing_is_a_problem(simulated):
    host = simulated("empty")
    host.files.unlink("usr/bin/python3")
    seen = observe_site(host.root(), [], BOOT._replace(present=True), [], [])
    assert seen["boot_due"] is None
    assert "this host has no Python 3.9 or later" in seen["boot_problems"][0]


def test_a_warning_is_a_reason(simulated):
    host = simulated("t4")
    host.files.replace("etc/vfio-devices/sriov_pf_mode/0000:3b:00.0.json", b"[]")
    assert any(
        "is not a record of this collection" in one
        for one in observe_site(host.root(), [], BOOT, [], [])["reasons"]["host"]
    )


def test_a_service_is_asked_about_the_present_text(simulated):
    host = simulated("t4")
    file = Requested("/etc/nova/x.conf", None, "nova_config_path", "", "", "", "")
    seen = observe_site(host.root(), [], BOOT, [SERVICE], [file])
    assert set(seen["services"]) == {"nova-compute"}
    assert set(seen["settings"]) == {"/etc/nova/x.conf"}


def test_an_unchanged_host_loads_no_code_of_changes(tmp_path):
    (tmp_path / "sys").mkdir()
    engine = f"{archive.__name__.partition('._boot')[0]}"
    program = f"""
import sys
from {engine}._host.root import HostRoot
from {engine}._site.observe import Boot, observe_site
observe_site(HostRoot({str(tmp_path)!r}, 30.0), ["users"], Boot(False, None, 60.0, ""), [], [])
print(*(name.removeprefix({engine!r} + ".") for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert {"_guards.user_guards", "_run.facts", "_site.recorded"} <= loaded
    of_changes = ("_modes.", "_mig.", "_model.steps", "_guards.registry", "_guards.domain_xml", "_instances.plan")
    assert not [name for name in loaded if name.startswith(of_changes)] and "xml.etree" not in loaded
