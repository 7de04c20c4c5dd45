# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Injected faults: an errno, other content, a delay, or a file that is listed but missing."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .kstrto import error
from .tree import Directory, Tree


@dataclass
class Fault:
    """A fault. ``pattern`` is a host-relative path or glob, with links; ``operations`` are the affected
    calls: read, write, list or exists.

    It skips the first ``skip`` matching calls and affects the next ``times`` calls (None: all).
    """

    pattern: str
    operations: tuple[str, ...]
    number: int | None = None
    content: bytes | None = None
    delay: float = 0.0
    skip: int = 0
    times: int | None = None

    def hits(self) -> bool:
        """Count a matching call and return whether the fault affects it."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class Faults:
    """The faults of one host."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.active: list[Fault] = []

    def fail(
        self,
        pattern: str,
        number: int,
        operations: tuple[str, ...] = ("read", "write", "list"),
        skip: int = 0,
        times: int | None = None,
    ) -> Fault:
        """Make calls fail with an errno."""
        return self._add(Fault(pattern, operations, number, skip=skip, times=times))

    def vanish(self, pattern: str) -> Fault:
        """Keep a file in listings, but make all other calls fail with ENOENT."""
        return self._add(Fault(pattern, ("read", "write", "exists"), errno.ENOENT))

    def content(self, pattern: str, data: bytes) -> Fault:
        """Replace the content of reads."""
        return self._add(Fault(pattern, ("read",), content=data))

    def delay(self, pattern: str, seconds: float, operations: tuple[str, ...] = ("read", "write")) -> Fault:
        """Delay calls by ``seconds``."""
        return self._add(Fault(pattern, operations, delay=seconds))

    def clear(self) -> None:
        """Remove all faults."""
        self.active.clear()

    def strike(self, operation: str, path: str) -> Fault | None:
        """Return the fault for a call on a canonical path, or None. Raises its OSError."""
        for fault in self.active:
            if operation in fault.operations and self._matches(fault.pattern, path) and fault.hits():
                if fault.number is not None:
                    raise error(fault.number)
                return fault
        return None

    def _add(self, fault: Fault) -> Fault:
        self.active.append(fault)
        return fault

    def _matches(self, pattern: str, path: str) -> bool:
        return fnmatchcase(path, pattern) or path in self._expand(pattern)

    def _expand(self, pattern: str) -> set[str]:
        found = {""}
        for part in pattern.split("/"):
            following = set()
            for path in found:
                node = self.tree.nodes.get(path)
                if not isinstance(node, Directory):
                    continue
                for name in _named(node, part):
                    try:
                        following.add(self.tree.resolve(f"{path}/{name}".lstrip("/"))[0])
                    except OSError:
                        following.add(f"{path}/{name}".lstrip("/"))
            found = following
        return found


def _named(directory: Directory, pattern: str) -> list[str]:
    """Return the matching entries; most parts of patterns are plain names."""
    if not set("*?[") & set(pattern):
        return [pattern] if pattern in directory.children else []
    return [name for name in directory.children if fnmatchcase(name, pattern)]
