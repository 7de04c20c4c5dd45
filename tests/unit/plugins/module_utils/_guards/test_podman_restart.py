# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import podman_restart
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot

STORE = "var/lib/containers/storage"
WANTS = "etc/systemd/system/default.target.wants/podman-restart.service"
SPECIFICATION = {"linux": {"devices": [{"path": "/dev/dri/renderD128", "type": "c", "major": 226, "minor": 128}]}}


def containers(tmp_path, policies, place="db.sql", enabled=True):
    """Write a database with a container for each policy."""
    (tmp_path / "sys").mkdir()
    (tmp_path / STORE / "libpod").mkdir(parents=True)
    if enabled:
        (tmp_path / WANTS).parent.mkdir(parents=True)
        (tmp_path / WANTS).write_text("")
    connection = sqlite3.connect(tmp_path / STORE / place)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE ContainerConfig(ID TEXT, Name TEXT, PodID TEXT, JSON TEXT)")
    for policy in policies:
        row = ("3f" * 32, f"web-{policy}", None, json.dumps({"spec": SPECIFICATION, "restart_policy": policy}).encode())
        connection.execute("INSERT INTO ContainerConfig VALUES (?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return list(podman_restart.containers(HostRoot(str(tmp_path))))


@pytest.mark.parametrize("place", podman_restart.DATABASES)
def test_containers_that_are_started_at_boot(tmp_path, place):
    found = containers(tmp_path, ["always", "no", "on-failure", "unless-stopped", ""], place)
    assert [one.name for one in found] == ["web-always", "web-unless-stopped"]
    assert all(list(one.references) == [("number", "c 226:128")] for one in found)
    assert not any(one.running for one in found)
    assert not list(tmp_path.rglob("db.sql-*")), "reading writes nothing"


def test_containers_of_a_log_that_is_not_yet_in_the_database(tmp_path):
    assert len(containers(tmp_path, ["always"])) == 1
    # SQLite writes the log to the database if the connection is closed.
    update = (
        "import os, sqlite3, sys; connection = sqlite3.connect(sys.argv[1]);"
        """connection.execute("UPDATE ContainerConfig SET Name = 'web2'"); connection.commit(); os._exit(0)"""
    )
    subprocess.run([sys.executable, "-c", update, tmp_path / STORE / "db.sql"], check=True)
    (found,) = podman_restart.containers(HostRoot(str(tmp_path)))
    assert found.unknown == ""
    assert found.name == "web2"


def test_no_unit_starts_them(tmp_path):
    assert containers(tmp_path, ["always"], enabled=False) == []


def test_database_that_is_unreadable(tmp_path):
    assert containers(tmp_path, []) == []
    (tmp_path / STORE / "db.sql").write_bytes(b"no database" * 100)
    (found,) = podman_restart.containers(HostRoot(str(tmp_path)))
    assert f"/{STORE}/db.sql is unreadable (" in found.unknown
    assert "file is not a database" in found.unknown
