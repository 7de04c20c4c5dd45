# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Record all reads through a HostRoot by wrapping its files and programs. Writes are rejected."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union, cast

from .files import Answers, Files, Paths, Targets
from .programs import Output, Process, SystemTools, Tools

# Stands for a timeout, where an errno name stands for an error.
NO_ANSWER = "no answer"
CHANGING = ("write", "replace", "symlink", "unlink", "try_room", "lock")


class Notes(NamedTuple):
    """First answers by path relative to the root. A string in place of a value is the errno name."""

    contents: dict[str, Union[bytes, str]]
    names: dict[str, Union[Paths, str]]
    links: dict[str, str]
    found: set[str]  # existing paths
    numbers: dict[str, str]  # major:minor by path
    mapped: dict[str, list[str]]
    claimed: set[str]
    programs: dict[str, str]  # path by program name
    outputs: dict[tuple[str, ...], Optional[Output]]  # None: did not end in time


def empty() -> Notes:
    """Return empty notes."""
    return Notes({}, {}, {}, set(), {}, {}, set(), {}, {})


def files_of(files: Files, notes: Notes) -> Files:
    """Wrap ``files`` so that reads are noted."""
    return cast(Files, RecordingFiles(files, notes))


class RecordingFiles:
    """See :class:`Files`."""

    def __init__(self, files: Files, notes: Notes) -> None:
        self._files = files
        self._notes = notes

    def __getattr__(self, name: str) -> Any:
        """Pass other methods on to the files, but reject those that change the host."""
        if name in CHANGING:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return getattr(self._files, name)

    def read(self, path: str, *most: int) -> bytes:
        return cast(bytes, self._noted("read", path, *most))

    def list(self, path: str) -> Paths:
        return cast(Paths, self._noted("list", path))

    def link(self, path: str) -> str:
        return cast(str, self._noted("link", path))

    def link_below(self, directory: str, path: str) -> str:
        target = self._files.link_below(directory, path)
        self._note("link", f"{directory}/{path}", target)
        return target

    def links(self, directory: str) -> Targets:
        found = self._files.links(directory)
        self._note("list", directory, [name for name, _target in found])
        for name, target in found:
            if isinstance(target, str):
                self._note("link", f"{directory}/{name}", target)
        return found

    def mapped(self, path: str) -> Paths:
        return cast(Paths, self._noted("mapped", path))

    def device(self, path: str, block: bool = False) -> str | None:
        number = self._files.device(path, block)
        if number is not None:
            self._notes.numbers.setdefault(path, number)
        return number

    def exists(self, path: str) -> bool:
        there = self._files.exists(path)
        if there:
            self._notes.found.add(path)
        return there

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        if method in CHANGING:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        value = self._files.in_time(timeout, method, *arguments)
        self._note(method, arguments[0], value)
        return value

    def each_in_time(self, timeout: float, limit: float, method: str, paths: Paths) -> tuple[Answers, int | None]:
        answers, silent = self._files.each_in_time(timeout, limit, method, paths)
        for path, (number, value) in zip(paths, answers):
            if number is None:
                self._note(method, path, value)
            else:
                self._note_error(method, path, errno.errorcode.get(number, "EIO"))
        if silent is not None:
            self._note_error(method, paths[silent], NO_ANSWER)
        return answers, silent

    def _noted(self, method: str, path: str, *rest: Any) -> Any:
        try:
            value = getattr(self._files, method)(path, *rest)
        except OSError as error:
            self._note_error(method, path, errno.errorcode.get(error.errno or 0, "EIO"))
            raise
        self._note(method, path, value)
        return value

    def _note(self, method: str, path: str, value: Any) -> None:
        if method == "claimed":
            self._notes.claimed.update([path] if value else [])
        elif method == "exists":
            self._notes.found.update([path] if value else [])
        else:
            self._kept(method).setdefault(path, value)

    def _note_error(self, method: str, path: str, name: str) -> None:
        # Missing files and paths that are not links need no note.
        if name not in ("ENOENT", "ENOTDIR", "ESRCH", "EINVAL") or (method == "read" and name == "EINVAL"):
            self._kept(method if method in ("read", "list") else "").setdefault(path, name)

    def _kept(self, method: str) -> Any:
        notes = self._notes
        kept = {"read": notes.contents, "list": notes.names, "link": notes.links, "mapped": notes.mapped}
        return kept.get(method, {})


class RecordingTools:
    """See :class:`Tools`."""

    def __init__(self, root: str, notes: Notes, tools: Tools | None = None) -> None:
        self._root = root
        self._notes = notes
        self._tools: Tools = tools or SystemTools(root)
        self._names: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        path = self._tools.find(name)
        if path is not None:
            self._names[path] = name
            self._notes.programs[name] = (
                os.path.relpath(path, self._root)
                if path.startswith("/")
                else name
                if "/" in name
                else f"usr/bin/{name}"
            )
        return path

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Process:
        command = (self._names.get(path, path), *arguments)
        self._notes.outputs.setdefault(command, None)
        return _RecordedProcess(self._tools.start(path, arguments, lock), command, self._notes)


class _RecordedProcess:
    def __init__(self, process: Process, command: tuple[str, ...], notes: Notes) -> None:
        self._process = process
        self._command = command
        self._notes = notes

    def poll(self) -> Output | None:
        output = self._process.poll()
        if output is not None:
            self._notes.outputs[self._command] = output
        return output

    def kill(self) -> None:
        self._process.kill()
