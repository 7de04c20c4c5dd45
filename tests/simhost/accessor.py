# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-process front: the engine's file access, answered by the model."""

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
    """One host, by host-relative paths (``sys/bus/pci/devices``).

    Every method raises the OSError that the system call would raise; a call that the kernel would block
    raises Blocked, and completes inside the model when its reason is gone. ``reads`` and ``listings`` count
    calls per path.
    """

    # There are no other processes.
    locked = None

    def __init__(self, host: SimHost) -> None:
        self.host = host
        self.reads: Counter[str] = Counter()
        self.listings: Counter[str] = Counter()
        self._deadline: float | None = None

    def read(self, path: str, most: int = 1 << 20) -> bytes:
        """The content of a file."""
        self.reads[path] += 1
        with self.host.operations.lock:
            canonical, node = self._resolve(path)
            content: bytes = self._run(f"read {path}", self.host.reading(canonical, node))
            return content[:most]

    def list(self, path: str) -> list[str]:
        """The names in a directory."""
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
        """The raw text of a symbolic link; OSError EINVAL if it is none."""
        with self.host.operations.lock:
            node = self._resolve(path, follow=False)[1]
            if not isinstance(node, Link):
                raise error(errno.EINVAL)
            return node.target

    def links(self, directory: str) -> Targets:
        """The names in a directory, each with its target or why there is none."""
        found: Targets = []
        for name in self.list(directory):
            try:
                found.append((name, self.link(f"{directory}/{name}")))
            except OSError as failure:
                found.append((name, failure))
        return found

    def mapped(self, path: str) -> builtins.list[str]:
        """The device files in a table of mappings."""
        lines = self.read(path).decode().splitlines()
        return sorted({line.split(None, 5)[-1] for line in lines if " /" in line})

    def claimed(self, path: str, number: str) -> bool:
        """Nodes cannot be opened here."""
        return False

    def device(self, path: str) -> str | None:
        """Nodes have no numbers here."""
        return None

    def exists(self, path: str) -> bool:
        """Whether there is something at the path, links followed."""
        with self.host.operations.lock:
            try:
                self._resolve(path)
            except OSError:
                return False
            return True

    def look(self, path: str) -> Any:
        """What the engine has to know of a path before it replaces a file there."""
        # The model stands by itself: only this answer has the form of the engine.
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
        """One open for writing and one write."""
        with self.host.operations.lock:
            canonical, node = self._resolve(path)
            self._run(f"write {path}", self.host.writing(canonical, node, data))

    def replace(self, path: str, data: bytes) -> None:
        """Make or replace an ordinary file at once, with the directories above it."""
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
        """Make or replace a symbolic link at once, with the directories above it."""
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
        """The faults of a file that would be written there; nothing is."""
        with self.host.operations.lock:
            if is_kernel(directory):
                raise error(errno.EACCES)
            self.host.faults.strike("write", f"{directory}/.room.vfio-devices-new")

    def status(self, path: str) -> tuple[int, int]:
        """The mode of what is at a path, links not followed; all belongs to root."""
        with self.host.operations.lock:
            return self._resolve(path, follow=False)[1].mode, 0

    def lock(self, path: str) -> bool:
        """Lock a file against other processes: there are none."""
        return True

    def lock_holders(self, path: str) -> Sequence[str]:
        """There are none."""
        return []

    def attempt(self, action: Callable[[], T], timeout: float) -> T:
        """Run an action; a call in it that is still blocked after ``timeout`` seconds raises Blocked."""
        before, self._deadline = self._deadline, self.now() + timeout
        try:
            return action()
        finally:
            self._deadline = before

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """Attempt one of the methods."""
        return self.attempt(lambda: getattr(self, method)(*arguments), timeout)

    def each_in_time(
        self, timeout: float, limit: float, method: str, paths: builtins.list[str]
    ) -> tuple[builtins.list[tuple[int | None, Any]], int | None]:
        """Attempt one of the methods for each path; see Files of the engine."""
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
        """The model's clock, in seconds."""
        return self.host.clock.now()

    def pause(self, seconds: float) -> None:
        """Let the model's clock advance."""
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
        # Without an errno: no driver said this.
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
