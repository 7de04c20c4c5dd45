# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded host as a read-only simulated host: behind the file access of the engine, and below a mount."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from ..simhost.accessor import Accessor
from ..simhost.clock import Clock
from ..simhost.faults import Faults
from ..simhost.host import SimHost
from ..simhost.kstrto import error
from ..simhost.tools import Ended, Output
from ..simhost.tree import Attribute, File, Link, Node, Tree, is_kernel
from .reading import Entry, Recording, parse

DIRECTORIES = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin")
ROOTS = ("sys", "proc", "dev", "etc", "run", "usr", "tmp")
FOR_EVER = 1e9


class RecordedHost(SimHost):
    """A host from a parsed ``recording``."""

    def __init__(self, recording: Recording, name: str = "host", clock: Clock | None = None) -> None:
        super().__init__({"iommu": "none"}, name=name, clock=clock)
        self.recording = recording
        self.numbers: dict[str, str] = {}
        self.claimed: set[str] = set()
        self.tree = Tree()
        self.faults = Faults(self.tree)
        for root in ROOTS:
            self.tree.directory(root)
        for directory in recording.tree:
            self.tree.directory(directory)
        for directory, entries in recording.tree.items():
            for name_, entry in entries.items():
                self._add(f"{directory}/{name_}" if directory else name_, entry)
        for program in {command[0] for command in recording.commands}:
            self._add_program(program)

    def accessor(self) -> RecordedFiles:
        """Return a new in-process front."""
        return RecordedFiles(self)

    def _add(self, path: str, entry: Entry) -> None:
        if entry.kind == "number":
            self.numbers[path] = entry.value
        elif entry.kind == "claimed":
            self.claimed.add(path)
        if entry.value == "no answer" and entry.kind == "error":
            self.tree.add(path, Attribute(b""))
            self.faults.delay(path, FOR_EVER, ("read", "list"))
        elif path not in self.tree.nodes:
            self.tree.add(path, _node(path, entry))

    def _add_program(self, program: str) -> None:
        """Add a script that prints the recorded output of a program."""
        path = next((place for place in _places(program) if place in self.tree.nodes), f"usr/bin/{program}")
        lines = ["#!/bin/sh", 'case "$*" in']
        for (name, *arguments), (status, text) in self.recording.commands.items():
            if name == program:
                act = f"printf %s {shlex.quote(text)}; exit {status}" if status is not None else "sleep 3600"
                lines.append(f"{shlex.quote(' '.join(arguments))}) {act};;")
        content = "\n".join([*lines, "esac", "exit 1", ""])
        self.tree.remove(path)
        self.tree.add(path, File(content.encode(), 0o755))


class RecordedFiles(Accessor):
    """See :class:`Accessor`."""

    host: RecordedHost

    def claimed(self, path: str, number: str) -> bool:
        return path in self.host.claimed

    def device(self, path: str, block: bool = False) -> str | None:
        return self.host.numbers.get(path)

    def write(self, path: str, data: bytes) -> None:
        raise error(errno.EROFS)


class RecordedTools:
    """The programs with their recorded output."""

    def __init__(self, host: RecordedHost) -> None:
        self.host = host

    def find(self, name: str) -> str | None:
        """Return the path of a program."""
        for path in _places(name):
            try:
                self.host.tree.resolve(path)
            except OSError:
                continue
            return f"/{path}"
        return None

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Ended:
        """Return a program with its recorded output."""
        recorded = self.host.recording.commands.get((os.path.basename(path), *arguments), (1, ""))
        return Ended(None if recorded[0] is None else Output(recorded[0], recorded[1], ""))


def _places(name: str) -> list[str]:
    return [f"{directory}/{name}" for directory in DIRECTORIES] if "/" not in name else [name]


def _node(path: str, entry: Entry) -> Node:
    if entry.kind == "link":
        return Link(entry.value)
    if entry.kind == "file":
        content = entry.value.encode(errors="surrogateescape") + b"\n"
        return Attribute(content) if is_kernel(path) else File(content)
    if entry.kind == "mapped":
        return Attribute(entry.value.encode() + b"\n")
    if is_kernel(path):
        return Attribute(_fails(getattr(errno, entry.value, errno.EIO) if entry.kind == "error" else errno.EIO))
    return File(b"", 0o755)


def _fails(number: int) -> Callable[[], str]:
    def show() -> str:
        raise error(number)

    return show


def load(path: Path | str, clock: Clock | None = None) -> RecordedHost:
    """Load a host from a file, or from a directory with ``recording.txt`` that names it. Raises ValueError, OSError."""
    path = Path(path)
    file = path / "recording.txt" if path.is_dir() else path
    return RecordedHost(parse(file.read_text(encoding="utf-8")), file.resolve().parent.name, clock)
