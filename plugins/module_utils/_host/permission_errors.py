# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Collect permission errors of reads and describe their consequences."""

from __future__ import annotations

import os

from .._core.patterns import lazy_pattern

# Files that list what a process has open.
OPEN = lazy_pattern(r"proc/([0-9]+)/(?:fd(?:info)?(?:/|\Z)|maps\Z)")


class PermissionErrors:
    """All files that could not be read for lack of permission; there may be thousands."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._names)

    def add(self, path: str, name: str) -> None:
        """Add a file; ``name`` is the errno name."""
        self._names.setdefault(path, name)

    def add_silence(self, path: str, seconds: float) -> None:
        """Add a directory of open files of a process that timed out; ignore any other ``path``."""
        if OPEN.match(path):
            self.add(path, f"no answer within {seconds:g} s")

    def sentences(self, processes: int) -> list[str]:
        """Return at most two sentences: one for files, one for processes. ``processes`` is their number on the host."""
        return [sentence for sentence in (self._of_files(), self.of_processes(processes)) if sentence]

    def of_processes(self, processes: int) -> str | None:
        """Return a sentence about processes whose open files are hidden, or None."""
        matches = list(filter(None, map(OPEN.match, self._names)))
        if not matches:
            return None
        path = matches[0].string
        hidden = list(dict.fromkeys(match[1] for match in matches))
        return (
            f"open files of process {_first(hidden)} are unreadable ({len(hidden)} of {processes} processes), so a "
            f"device in use may look free: /{path} gives "
            f"{self._names[path]}. {_advice()}"
        )

    def _of_files(self) -> str | None:
        files = [path for path in self._names if not OPEN.match(path)]
        return f"cannot read /{_first(files)}: {self._names[files[0]]}. {_advice()}" if files else None


def _first(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _advice() -> str:
    if os.geteuid():
        return "Run as root (become: true), outside of containers"
    return "A container or a security module such as SELinux denies root this access. Run outside of containers"
