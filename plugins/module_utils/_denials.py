# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What permissions forbade to read on a host, and what that means."""

from __future__ import annotations

import errno
import os
import re

# What a process has open.
OPEN = re.compile(r"proc/(\d+)/fd(?:/|\Z)")


class Denials:
    """All that was forbidden; there may be thousands."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def add(self, path: str, number: int) -> None:
        """``number`` is an errno."""
        self._names.setdefault(path, errno.errorcode[number])

    def sentences(self) -> list[str]:
        """One sentence of files and one of processes, where there are some."""
        files = {path: name for path, name in self._names.items() if not OPEN.match(path)}
        return [sentence for sentence in (_of_files(files), self.of_processes()) if sentence]

    def of_processes(self) -> str | None:
        """What it means that something of processes was hidden, or None."""
        matches = [OPEN.match(path) for path in self._names]
        hidden = list(dict.fromkeys(match[1] for match in matches if match))
        if not hidden:
            return None
        path = next(path for path in self._names if OPEN.match(path))
        return (
            f"cannot see all that process {_first(hidden)} has open, and a device that it uses would seem free: "
            f"{path} gives {self._names[path]}; {_advice()}"
        )


def _of_files(names: dict[str, str]) -> str | None:
    return f"cannot read {_first(list(names))}: {next(iter(names.values()))}; {_advice()}" if names else None


def _first(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _advice() -> str:
    if os.geteuid():
        return "run as root, outside of containers"
    return "this is root already, so a container or a security module forbids it: run on the host itself"
