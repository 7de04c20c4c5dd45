# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check before the first change that all records of a run can be written."""

from __future__ import annotations

from collections.abc import Iterable, Sized

from .._core.problems import Refused
from .._host.root import HostError, HostRoot

# In bytes: the least size of a file on disk.
BLOCK = 4096
# The number of leading path components that identify a file system: etc/mdevctl.d, run/vfio-devices.
COMMON = 2


def check(
    host: HostRoot, files: Iterable[tuple[str, Sized | None]], write: bool, what: str = "the records for the next boot"
) -> None:
    """Raise :class:`Refused` if files cannot be written; ``files`` are pairs of path and content, None to remove.

    With ``write``, a file of the total size is written as a test; otherwise only the file system is queried. ``what``
    names the files in the message.
    """
    sizes: dict[str, int] = {}
    for path, content in files:
        # Count all files of a file system for the first of its directories.
        directory = path.rpartition("/")[0]
        sizes.setdefault(directory, 0)
        first = next(other for other in sizes if other.split("/")[:COMMON] == directory.split("/")[:COMMON])
        sizes[first] += BLOCK * (1 + len(content or "") // BLOCK)
    problems = []
    for directory, size in sizes.items():
        try:
            host.try_room(directory, size, write)
        except HostError as error:
            problems.append(f"{what} cannot be written: {error}")
    if problems:
        raise Refused(problems)
