# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Injected faults: an errno, other content, a delay, or a file that is listed but gone."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .kstrto import error
from .tree import Directory, Tree

OPERATIONS = ("read", "write", "list", "exists")


@dataclass
class Fault:
    """One fault. ``pattern`` is a host-relative path or glob, links allowed; ``operations`` which calls it hits.

    It spares the first ``skip`` matching calls and hits ``times`` of the following ones (None: all).
    """

    pattern: str
    operations: tuple[str, ...]
    number: int | None = None
    content: bytes | None = None
    delay: float = 0.0
    skip: int = 0
    times: int | None = None

    def hits(self) -> bool:
        """Count one matching call; whether the fault strikes it."""
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
        """Let calls fail with an errno."""
        return self._add(Fault(pattern, operations, number, skip=skip, times=times))

    def vanish(self, pattern: str) -> Fault:
        """Let a file be listed, but be gone (ENOENT) for everything else."""
        return self._add(Fault(pattern, ("read", "write", "exists"), errno.ENOENT))

    def content(self, pattern: str, data: bytes) -> Fault:
        """Let reads give arbitrary bytes."""
        return self._add(Fault(pattern, ("read",), content=data))

    def delay(self, pattern: str, seconds: float, operations: tuple[str, ...] = ("read", "write")) -> Fault:
        """Let calls take so many seconds."""
        return self._add(Fault(pattern, operations, delay=seconds))

    def clear(self) -> None:
        """Remove all faults."""
        self.active.clear()

    def strike(self, operation: str, path: str) -> Fault | None:
        """The fault that hits a call on a canonical path, if any. Raises its OSError."""
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
    """The entries with such a name; most parts of patterns are plain names."""
    if not set("*?[") & set(pattern):
        return [pattern] if pattern in directory.children else []
    return [name for name in directory.children if fnmatchcase(name, pattern)]
