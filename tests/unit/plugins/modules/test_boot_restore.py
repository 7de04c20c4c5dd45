# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._boot import files as boot_files
from ansible_collections.vfio.devices.plugins.modules import boot_restore
from ansible_collections.vfio.devices.tests.simhost.tree import File


def test_result(simulated, run_module):
    host = simulated("empty")
    result = run_module(boot_restore, {}, host)
    documented = yaml.safe_load(boot_restore.RETURN)
    assert set(result) == {"changed", "diff", *documented}
    assert set(result["files"][0]) == set(documented["files"]["contains"])
    assert result["changed"]
    assert b'"/usr/bin/python3" -I' in host.files.read(boot_files.UNIT)
    assert not run_module(boot_restore, {}, host)["changed"]
    assert run_module(boot_restore, {"state": "absent"}, host, check_mode=True)["changed"]
    assert run_module(boot_restore, {"state": "absent"}, host)["changed"]
    assert not run_module(boot_restore, {"state": "absent"}, host)["changed"]


def test_interpreter_is_that_of_the_option(simulated, run_module):
    host = simulated("empty")
    host.kernel.tree.add("usr/bin/python3.12", File(b"", 0o755))
    run_module(boot_restore, {"python": "/usr/bin/python3.12"}, host)
    assert b'"/usr/bin/python3.12" -I' in host.files.read(boot_files.UNIT)
    result = run_module(boot_restore, {"python": "python3"}, host)
    assert result["msg"].startswith("Nothing was changed: python must be the absolute path")
    assert len(result["problems"]) == 1


def test_root_that_is_none(run_module):
    result = run_module(boot_restore, {"host_root": "/no/such/root"})
    assert result["msg"] == "/no/such/root is not the root of a host: it has no directory sys"


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("value", [0, -1, 1e30, True, "", "soon", "inf", "nan", "1_0", "\uff14", [], {}])
def test_time_that_is_none(simulated, run_module, state, value):
    host = simulated("empty")
    result = run_module(boot_restore, {"state": state, "timeout": value}, host)
    assert result["msg"].startswith("Nothing was changed: timeout must be a number of seconds from 0.1 to 86400, and ")
    assert not host.files.exists(boot_files.UNIT)
