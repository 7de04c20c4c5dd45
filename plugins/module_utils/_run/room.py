# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Whether what a run has to keep can be kept: found before the first change, and not after some cards were changed."""

from __future__ import annotations

from collections.abc import Iterable, Sized

from .._core.problems import Refused
from .._host.root import HostError, HostRoot

# Bytes that a file takes at least.
BLOCK = 4096
# Parts of a path that lie on one file system for certain enough: etc/mdevctl.d, run/vfio-devices.
COMMON = 2


def check(
    host: HostRoot, files: Iterable[tuple[str, Sized | None]], write: bool, what: str = "the records for the next boot"
) -> None:
    """Raise :class:`Refused` if files cannot be written; pairs of path and content, or None for one that is to go.

    With ``write`` a file of that size is written to try it, else only what the file system says is looked at. ``what``
    the files are is for the message.
    """
    sizes: dict[str, int] = {}
    for path, content in files:
        # All of a file system is asked for in the first of its directories.
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
