# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions import clouds


def test_the_working_directory_comes_before_those_of_the_inventories(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "two/hosts.yml").write_text("all:\n")
    sources = [str(tmp_path / "one"), str(tmp_path / "two/hosts.yml"), "host1,host2,", str(tmp_path / "absent")]
    task_vars = {"inventory_dir": str(tmp_path / "two"), "ansible_inventory_sources": sources}
    assert clouds.directories(task_vars) == [str(tmp_path), str(tmp_path / "two"), str(tmp_path / "one")]
    assert clouds.directories({}) == [str(tmp_path)]
