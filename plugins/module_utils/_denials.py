# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What permissions forbade to read on a host, and what that means."""

from __future__ import annotations

import errno
import os
import re

PROCESS = re.compile(r"proc/(\d+)/")


class Denials:
    """All that was forbidden; there may be thousands."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def add(self, path: str, number: int) -> None:
        """``number`` is an errno."""
        self._names.setdefault(path, errno.errorcode[number])

    @property
    def processes(self) -> list[str]:
        """The numbers of the processes of which something was hidden."""
        matches = [PROCESS.match(path) for path in self._names]
        return list(dict.fromkeys(match[1] for match in matches if match))

    def sentences(self) -> list[str]:
        """One sentence of files and one of processes, where there are some."""
        found = []
        paths = [path for path in self._names if not PROCESS.match(path)]
        if paths:
            found.append(f"cannot read {_first(paths)}: {self._names[paths[0]]}; {_advice()}")
        hidden = self.processes
        if hidden:
            path = next(path for path in self._names if PROCESS.match(path))
            found.append(
                f"cannot see all that process {_first(hidden)} has open, and a device that it uses would seem free: "
                f"{path} gives {self._names[path]}; {_advice()}"
            )
        return found


def _first(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _advice() -> str:
    if os.geteuid():
        return "run as root, outside of containers"
    return "this is root already, so a container or a security module forbids it: run on the host itself"
