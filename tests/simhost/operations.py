# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel operations that may wait: generators which yield their conditions.

An operation whose condition is not met stays pending in the model and continues by itself when the condition is met.
The front decides whether the caller gets an exception or waits in a thread.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from .kstrto import error

Result = TypeVar("Result")


class Blocked(TimeoutError):
    """The kernel blocks this call; the operation stays pending and completes later."""


@dataclass(frozen=True)
class Wait:
    """The condition of an operation; ``time`` is the clock time in seconds if it is only a delay."""

    ready: Callable[[], bool]
    reason: str
    time: float | None = None


Steps = Generator[Wait, None, Result]


def finish(steps: Steps[Result]) -> Result:
    """Run an operation that never waits."""
    try:
        wait = next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError(f"an operation waits where it must not: {wait.reason}")


class Lock:
    """A kernel mutex that stays locked while its operation waits."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.held = False

    def wait(self) -> Steps[None]:
        """Wait until the lock is free."""
        while self.held:
            yield Wait(lambda: not self.held, f"{self.name} is locked")

    def acquire(self) -> Steps[None]:
        """Wait until the lock is free, then take it."""
        yield from self.wait()
        self.held = True

    def release(self) -> None:
        """Release the lock."""
        self.held = False


class Operation:
    """A running system call: finished with a value or error, or waiting."""

    def __init__(self, name: str, steps: Steps[Any]) -> None:
        self.name = name
        self.steps = steps
        self.wait: Wait | None = None
        self.done = False
        self.value: Any = None
        self.error: OSError | None = None

    def step(self) -> None:
        """Run until the operation is finished or its condition is not met."""
        try:
            while True:
                self.wait = next(self.steps)
                if not self.wait.ready():
                    return
        except StopIteration as end:
            self.value = end.value
        except OSError as problem:
            self.error = problem
        self.done, self.wait = True, None

    def abort(self, number: int) -> None:
        """End the operation with an errno, whatever its condition."""
        self.steps.close()
        self.error = error(number)
        self.done, self.wait = True, None

    def result(self) -> Any:
        """Return the value of the finished operation; raise its OSError."""
        if self.error is not None:
            raise self.error
        return self.value


class Operations:
    """The lock of a host's model and its waiting operations; ``ended`` is notified when one of them finishes.

    ``alarm(moment, action)`` of the host's clock calls back after a delay.
    """

    def __init__(self, alarm: Callable[[float, Callable[[], None]], None]) -> None:
        self.lock = threading.RLock()
        self.ended = threading.Condition(self.lock)
        self.pending: list[Operation] = []
        self._alarm = alarm

    def start(self, name: str, steps: Steps[Any]) -> Operation:
        """Start an operation; on return it is finished or pending. The caller holds the lock."""
        operation = Operation(name, steps)
        operation.step()
        if not operation.done:
            self.pending.append(operation)
            self._set_alarm(operation)
        if self.pending:
            self.advance()
        return operation

    def advance(self) -> None:
        """Continue all operations whose condition is met."""
        with self.lock:
            moved = True
            while moved:
                moved = False
                for operation in list(self.pending):
                    if operation.wait is not None and operation.wait.ready():
                        operation.step()
                        moved = True
                        self._set_alarm(operation)
                        if operation.done:
                            self.pending.remove(operation)
                            self.ended.notify_all()

    def abort(self) -> None:
        """End all waiting operations with ENODEV, because the machine disappears."""
        with self.lock:
            waiting, self.pending = self.pending, []
            for operation in waiting:
                operation.abort(errno.ENODEV)
            self.ended.notify_all()

    def _set_alarm(self, operation: Operation) -> None:
        if operation.wait is not None and operation.wait.time is not None:
            self._alarm(operation.wait.time, self.advance)
