# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel operations that may wait: generators which yield what they wait for.

An operation that cannot go on stays pending inside the model and continues by itself when its condition
holds; what the caller sees meanwhile (an exception, or a thread that waits) is up to the front.
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
    """The kernel blocks this call; the operation stays pending and completes later by itself."""


@dataclass(frozen=True)
class Wait:
    """What an operation waits for; ``time`` is the clock time in seconds if it is a mere delay."""

    ready: Callable[[], bool]
    reason: str
    time: float | None = None


Steps = Generator[Wait, None, Result]


def finish(steps: Steps[Result]) -> Result:
    """Run an operation that cannot meet a reason to wait."""
    try:
        wait = next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError(f"an operation waits where it must not: {wait.reason}")


class Lock:
    """A mutex of the kernel, held across the waits of one operation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.held = False

    def wait(self) -> Steps[None]:
        """Wait until nobody holds the lock."""
        while self.held:
            yield Wait(lambda: not self.held, f"{self.name} is locked")

    def acquire(self) -> Steps[None]:
        """Wait until nobody holds the lock, then hold it."""
        yield from self.wait()
        self.held = True

    def release(self) -> None:
        """Let the next one in."""
        self.held = False


class Operation:
    """One running system call: finished with a value or an error, or waiting."""

    def __init__(self, name: str, steps: Steps[Any]) -> None:
        self.name = name
        self.steps = steps
        self.wait: Wait | None = None
        self.done = False
        self.value: Any = None
        self.error: OSError | None = None

    def step(self) -> None:
        """Run until the operation is finished or meets a condition that does not hold."""
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
        """End the operation with an errno, whatever it waits for."""
        self.steps.close()
        self.error = error(number)
        self.done, self.wait = True, None

    def result(self) -> Any:
        """The value of the finished operation; raises its OSError."""
        if self.error is not None:
            raise self.error
        return self.value


class Operations:
    """The one lock of a host's model, and its operations that wait; ``ended`` tells when one of these is done.

    ``alarm(moment, action)`` of the host's clock calls back when a delay is over.
    """

    def __init__(self, alarm: Callable[[float, Callable[[], None]], None]) -> None:
        self.lock = threading.RLock()
        self.ended = threading.Condition(self.lock)
        self.pending: list[Operation] = []
        self._alarm = alarm

    def start(self, name: str, steps: Steps[Any]) -> Operation:
        """Begin an operation; it is finished, or pending, when this returns. The caller holds the lock."""
        operation = Operation(name, steps)
        operation.step()
        if not operation.done:
            self.pending.append(operation)
            self._set_alarm(operation)
        if self.pending:
            self.advance()
        return operation

    def advance(self) -> None:
        """Let everything go on whose condition holds now."""
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
        """End every waiting operation with ENODEV: the machine is going away."""
        with self.lock:
            waiting, self.pending = self.pending, []
            for operation in waiting:
                operation.abort(errno.ENODEV)
            self.ended.notify_all()

    def _set_alarm(self, operation: Operation) -> None:
        if operation.wait is not None and operation.wait.time is not None:
            self._alarm(operation.wait.time, self.advance)
