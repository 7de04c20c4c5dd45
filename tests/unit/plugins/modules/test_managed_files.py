# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible_collections.vfio.devices.plugins.module_utils._host import replacement
from ansible_collections.vfio.devices.plugins.modules import managed_files

TEXT = "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n"


def options(root, *paths, **more):
    return {"host_root": str(root), "files": [{"path": path, "content": TEXT, **more} for path in paths]}


def test_result(tmp_path, run_module):
    documented = yaml.safe_load(managed_files.RETURN)
    predicted = run_module(managed_files, options(tmp_path, "/etc/a", "/etc/b"), check_mode=True)
    assert not list(tmp_path.iterdir())
    result = run_module(managed_files, options(tmp_path, "/etc/a", "/etc/b"))
    assert result == predicted
    assert result["changed"]
    assert set(result) == {"changed", "diff", "files", "restart", "restart_owed"}
    assert result["restart_owed"] is False
    assert set(result["files"][0]) == set(documented["files"]["contains"])
    assert not run_module(managed_files, options(tmp_path, "/etc/a", "/etc/b"))["changed"]


def test_refusal(tmp_path, run_module):
    (tmp_path / "a").write_text("password = secret\n")
    result = run_module(managed_files, options(tmp_path, "/a", "/b", variable="nova_config_path"))
    assert result["msg"].startswith(f"Nothing was changed: {tmp_path}/a (nova_config_path) was not written by")
    assert len(result["problems"]) == 1
    assert "secret" not in str(result)
    assert not (tmp_path / "b").exists()


def test_many_problems_are_counted_in_the_message(tmp_path, run_module):
    result = run_module(managed_files, options(tmp_path, *[f"relative{number}" for number in range(100)]))
    assert len(result["problems"]) == 100
    assert result["msg"].endswith("; and 85 more, see problems")


def test_a_failure_says_what_was_done(tmp_path, run_module, monkeypatch):
    write_file = replacement.write_file

    def fail(place, *arguments):
        if place.endswith("b"):
            raise OSError(28, "injected")
        write_file(place, *arguments)

    monkeypatch.setattr(replacement, "write_file", fail)
    result = run_module(managed_files, options(tmp_path, "/a", "/b"))
    assert "b could not be created: ENOSPC" in result["msg"]
    assert result["changed"]
    assert result["files"] == [{"path": f"{tmp_path}/a", "action": "created"}]


def test_a_restart_that_is_owed(tmp_path, run_module):
    given = {**options(tmp_path, "/etc/a"), "program": "nova-compute"}
    (tmp_path / "sys").mkdir()
    process = tmp_path / "proc/7"
    process.mkdir(parents=True)
    (process / "cmdline").write_text("nova-compute")
    (process / "stat").write_text(f"7 (nova) S {'0 ' * 18}100")
    for check_mode, changed, owed in (
        (True, True, False),
        (False, True, False),
        (True, False, True),
        (False, False, True),
    ):
        result = run_module(managed_files, given, check_mode=check_mode)
        assert (result["changed"], result["restart_owed"]) == (changed, owed)
    (process / "stat").write_text(f"7 (nova) S {'0 ' * 18}200")
    assert not run_module(managed_files, given)["restart_owed"]
    # The next change starts anew.
    given["files"][0]["content"] += "a"
    assert run_module(managed_files, given)["changed"]
    assert run_module(managed_files, given)["restart_owed"]
