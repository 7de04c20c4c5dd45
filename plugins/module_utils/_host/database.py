# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read SQLite databases of other programs, with a deadline and without creating files."""

from __future__ import annotations

import contextlib

from .root import HostRoot


def read_rows(host: HostRoot, path: str, query: str) -> list[tuple[str, ...]]:
    """Return the rows of a query as texts; raise TimeoutError or RuntimeError if the database cannot be read."""
    # A reader creates the write-ahead log of a database that has none, except if it is opened as immutable.
    mode = "mode=ro" if host.exists(f"{path}-wal") else "immutable=1"
    address = f"file:{host.root.rstrip('/')}/{path}?{mode}"
    return host.attempt(lambda: _rows(address, query), host.timeout)


def _rows(address: str, query: str) -> list[tuple[str, ...]]:
    """Return the rows of a database at an address (https://www.sqlite.org/uri.html)."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        return [tuple(map(str, row)) for row in connection.execute(query)]
