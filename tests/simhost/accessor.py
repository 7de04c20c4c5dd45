# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-process front: the file access of the engine, answered by the model."""

from __future__ import annotations

import builtins
import errno
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .clock import ModelClock
from .kstrto import error
from .operations import Blocked, Operation, Steps
from .tree import Directory, File, Link, Node, is_kernel

if TYPE_CHECKING:
    from .host import SimHost

T = TypeVar("T")
Targets = list[tuple[str, "str | OSError"]]


class Accessor:
    """Accesses one host by host-relative paths (``sys/bus/pci/devices``).

    Every method raises the OSError of the system call. A call that the kernel would block raises Blocked, and completes
    inside the model when its condition is met. ``reads`` and ``listings`` count calls per path.
    """

    # The model has no other processes that could hold a lock.
    locked = None

    def __init__(self, host: SimHost) -> None:
        self.host = host
        self.reads: Counter[str] = Counter()
        self.listings: Counter[str] = Counter()
        self._deadline: float | None = None

    def read(self, path: str, most: int = 1 << 20) -> bytes:
        """Return the content of a file."""
        self.reads[path] += 1
        with self.host.operations.lock:
            canonical, node = self._resolve(path)
            content: bytes = self._run(f"read {path}", self.host.reading(canonical, node))
            return content[:most]

    def list(self, path: str) -> list[str]:
        """Return the names in a directory."""
        self.listings[path] += 1
        with self.host.operations.lock:
            canonical, node = self._resolve(path)
            if not isinstance(node, Directory):
                raise error(errno.ENOTDIR)
            names: list[str] = self._run(f"list {path}", self.host.listing(canonical, node))
            return names

    def link_below(self, directory: str, path: str) -> str:
        return self.link(f"{directory}/{path}")

    def link(self, path: str) -> str:
        """Return the raw text of a symbolic link; raise OSError EINVAL for other files."""
        with self.host.operations.lock:
            node = self._resolve(path, follow=False)[1]
            if not isinstance(node, Link):
                raise error(errno.EINVAL)
            return node.target

    def links(self, directory: str) -> Targets:
        """Return the names in a directory, each with its target or the error of reading it."""
        found: Targets = []
        for name in self.list(directory):
            try:
                found.append((name, self.link(f"{directory}/{name}")))
            except OSError as failure:
                found.append((name, failure))
        return found

    def mapped(self, path: str) -> builtins.list[str]:
        """Return the device files in a table of mappings."""
        lines = self.read(path).decode().splitlines()
        return sorted({line.split(None, 5)[-1] for line in lines if " /" in line})

    def claimed(self, path: str, number: str) -> bool:
        """Return False, because device nodes cannot be opened here."""
        return False

    def device(self, path: str, block: bool = False) -> str | None:
        """Return None, because device nodes have no numbers here."""
        return None

    def exists(self, path: str) -> bool:
        """Return whether a path exists, following links."""
        with self.host.operations.lock:
            try:
                self._resolve(path)
            except OSError:
                return False
            return True

    def look(self, path: str) -> Any:
        """Describe a path for the engine before it replaces a file there."""
        # The model does not depend on the engine; only this result has a type of the engine.
        from ansible_collections.vfio.devices.plugins.module_utils._host import ownership

        with self.host.operations.lock:
            try:
                node = self._resolve(path, follow=False)[1]
            except FileNotFoundError:
                return None
            kind = (
                "a symbolic link" if isinstance(node, Link) else "a directory" if isinstance(node, Directory) else None
            )
            content = b"" if kind else self.read(path)
            ours = ownership.is_own_link(path, node.target) if isinstance(node, Link) else ownership.is_ours(content)
            return ownership.Entry(kind, ours, not kind and not content, 0o644, 0, 0)

    def write(self, path: str, data: bytes) -> None:
        """Open a file for writing and write once."""
        with self.host.operations.lock:
            canonical, node = self._resolve(path)
            self._run(f"write {path}", self.host.writing(canonical, node, data))

    def replace(self, path: str, data: bytes) -> None:
        """Create or replace an ordinary file and missing directories atomically."""
        with self.host.operations.lock:
            if is_kernel(path):
                raise error(errno.EACCES)
            self.host.faults.strike("write", path)
            above = path.rpartition("/")[0]
            self.host.tree.directory(above)
            if isinstance(self.host.tree.nodes.get(path), Directory):
                raise error(errno.EISDIR)
            self.host.tree.add(path, File(data, changed=self.now()))

    def symlink(self, path: str, target: str) -> None:
        """Create or replace a symbolic link and missing directories atomically."""
        with self.host.operations.lock:
            if is_kernel(path):
                raise error(errno.EACCES)
            self.host.faults.strike("write", path)
            self.host.tree.directory(path.rpartition("/")[0])
            self.host.tree.add(path, Link(target))

    def unlink(self, path: str) -> None:
        """Remove an ordinary file or a symbolic link."""
        with self.host.operations.lock:
            canonical, node = self._resolve(path, follow=False)
            if is_kernel(canonical):
                raise error(errno.EPERM)
            if isinstance(node, Directory):
                raise error(errno.EISDIR)
            self.host.tree.remove(canonical)

    def try_room(self, directory: str, size: int, write: bool) -> None:
        """Raise the faults of a file that would be written there, without writing it."""
        with self.host.operations.lock:
            if is_kernel(directory):
                raise error(errno.EACCES)
            self.host.faults.strike("write", f"{directory}/.room.vfio-devices-new")

    def status(self, path: str) -> tuple[int, int]:
        """Return mode and owner of a path without following links; everything belongs to root."""
        with self.host.operations.lock:
            return self._resolve(path, follow=False)[1].mode, 0

    def lock(self, path: str) -> bool:
        """Lock a file; this always succeeds, because there are no other processes."""
        return True

    def lock_holders(self, path: str) -> Sequence[str]:
        """Return no holders, because there are no other processes."""
        return []

    def attempt(self, action: Callable[[], T], timeout: float) -> T:
        """Run an action; raise Blocked if a call in it is still blocked after ``timeout`` seconds."""
        before, self._deadline = self._deadline, self.now() + timeout
        try:
            return action()
        finally:
            self._deadline = before

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """Call one of the methods with a timeout."""
        return self.attempt(lambda: getattr(self, method)(*arguments), timeout)

    def each_in_time(
        self, timeout: float, limit: float, method: str, paths: builtins.list[str]
    ) -> tuple[builtins.list[tuple[int | None, Any]], int | None]:
        """Call one of the methods for each path; see Files of the engine."""
        answers: builtins.list[tuple[int | None, Any]] = []
        end = self.now() + limit
        for index, path in enumerate(paths):
            try:
                answers.append((None, self.in_time(min(timeout, end - self.now()), method, path)))
            except OSError as problem:
                if isinstance(problem, Blocked):
                    return answers, index
                answers.append((problem.errno, None))
        return answers, None

    def now(self) -> float:
        """Return the time of the model in seconds."""
        return self.host.clock.now()

    def pause(self, seconds: float) -> None:
        """Advance the clock of the model."""
        with self.host.operations.lock:
            self._sleep_until(self.now() + seconds)

    def _resolve(self, path: str, follow: bool = True) -> tuple[str, Node]:
        canonical, node = self.host.tree.resolve(path, follow)
        if self.host.faults.active:
            self.host.faults.strike("exists", canonical)
        return canonical, node

    def _run(self, name: str, steps: Steps[Any]) -> Any:
        operation = self.host.operations.start(name, steps)
        while not operation.done:
            self._wait_for_delay(operation)
        return operation.result()

    def _wait_for_delay(self, operation: Operation) -> None:
        wait = operation.wait
        assert wait is not None
        if wait.time is not None and (self._deadline is None or wait.time <= self._deadline):
            self._sleep_until(wait.time)
            return
        if self._deadline is not None:
            self._sleep_until(max(self._deadline, self.now()))
            if operation.done:
                return
        # No errno, because this error does not come from a driver.
        raise Blocked(f"the kernel blocks: {wait.reason}")

    def _sleep_until(self, time: float) -> None:
        clock = self.host.clock
        assert isinstance(clock, ModelClock)
        for stop in sorted(
            {
                operation.wait.time
                for operation in self.host.operations.pending
                if operation.wait and operation.wait.time
            }
        ):
            if stop <= time:
                clock.advance_to(stop)
                self.host.operations.advance()
        clock.advance_to(time)
        self.host.operations.advance()
