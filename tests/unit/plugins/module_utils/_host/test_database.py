# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sqlite3

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.database import read_rows
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot


def test_rows_are_texts_and_reading_creates_no_file(tmp_path):
    (tmp_path / "sys").mkdir()
    with sqlite3.connect(tmp_path / "db.sql") as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE a(b TEXT, c INT)")
        connection.execute("INSERT INTO a VALUES ('x', 1)")
    connection.close()
    before = sorted(tmp_path.iterdir())
    assert read_rows(HostRoot(str(tmp_path)), "db.sql", "SELECT b, c FROM a") == [("x", "1")]
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_not_a_database_is_an_error(tmp_path):
    (tmp_path / "sys").mkdir()
    (tmp_path / "db.sql").write_bytes(b"no database" * 100)
    with pytest.raises(RuntimeError, match="file is not a database"):
        read_rows(HostRoot(str(tmp_path)), "db.sql", "SELECT 1 FROM a")
