# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._site.managed_files import set_files

TEXT = "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n"
FILE = {"path": "/a", "variable": "", "suggestion": "", "owner": "", "group": "", "mode": "0640", "content": TEXT}


def given(tmp_path, program="", **more):
    return {"host_root": str(tmp_path), "program": program, "files": [{**FILE, **more}]}


def test_files_are_written(tmp_path):
    predicted = set_files(given(tmp_path), Call(True))
    assert not (tmp_path / "a").exists()
    assert set_files(given(tmp_path), Call(False)) == predicted
    assert (tmp_path / "a").read_text() == TEXT
    assert not set_files(given(tmp_path), Call(False))[0]["changed"]
    (tmp_path / "a").write_text("other")
    with pytest.raises(Refused):
        set_files(given(tmp_path), Call(True))


def test_the_host_is_read_only_for_the_processes_of_a_program(tmp_path, simulated):
    opened = []
    call = Call(False, open=lambda *arguments: opened.append(arguments) or simulated("empty").root())
    set_files(given(tmp_path), call)
    assert opened == []
    result, warnings = set_files(given(tmp_path, "nova-compute", mode="0600"), call)
    assert opened == [(str(tmp_path), 30.0)]
    assert (result["restart"], result["restart_owed"], warnings) == (True, False, [])
