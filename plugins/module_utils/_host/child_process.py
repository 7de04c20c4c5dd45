# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run calls that may block forever in a child process, so that they cannot hang their caller."""

from __future__ import annotations

import contextlib
import marshal
import mmap
import os
import signal
import socket
import struct
import time
import weakref
from typing import Any, Callable, TypeVar

Value = TypeVar("Value")

# The default limit of open files of a process.
MOST_DESCRIPTORS = 1024
# In bytes: the size of the length field before an answer.
SIZE = 8
# The number of finished parts of a request, and the time when the last part finished.
PROGRESS = struct.Struct("qd")
# An overloaded or emulated machine may not schedule the child for a while. STARVED is the number of deadlines to wait
# while the child is runnable, PAUSE the seconds between two checks.
STARVED = 5
PAUSE = 0.1
AT_ONCE = 0.001


class DeadlineExceeded(TimeoutError):
    """The child did not answer in time; it had finished ``done`` parts of the request."""

    def __init__(self, done: int) -> None:
        super().__init__()
        self.done = done


class Child:
    """A process that answers one request after the other; it starts with the first request.

    A child that exceeds its deadline is killed, and the next request starts a new one. A waiting child ends when its
    :class:`Child` is deleted or its parent process ends for any reason.
    """

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self._answer = answer
        self._end: weakref.finalize[Any, Any] | None = None

    def ask(self, request: Any, timeout: float, limit: float | None = None) -> Any:
        """Run ``answer(request)`` in the child and return its value; ``timeout`` is in seconds.

        If the child reports progress with :meth:`proceed`, ``timeout`` applies to each part of the request and
        ``limit`` to the whole request.

        Request and value must be of types that :mod:`marshal` supports. An ``OSError`` of the answer is raised here
        with its errno, any other exception as ``RuntimeError``. :class:`DeadlineExceeded` means that the deadline has
        passed and the child was sent SIGKILL. An uninterruptible kernel call continues until the kernel ends it.
        """
        if self._end is None or not self._end.alive:
            self._start()
        begin = time.monotonic()
        PROGRESS.pack_into(self._progress, 0, 0, begin)
        last = begin + (timeout if limit is None else limit)
        answered = False
        try:
            self._connection.settimeout(timeout)
            self._connection.sendall(marshal.dumps(request))
            is_read = limit is not None
            size = int.from_bytes(self._receive(SIZE, timeout, last, is_read), "big")
            error_number, value, bug = marshal.loads(self._receive(size, timeout, last, is_read))
            answered = True
        except socket.timeout:
            raise DeadlineExceeded(self._proceeded()[0]) from None
        except (EOFError, ConnectionError):
            raise RuntimeError(f"the child process {self._pid} was stopped by another program") from None
        finally:
            if not answered:
                self._give_up()
        if bug:
            raise RuntimeError(bug)
        if error_number:
            raise OSError(error_number, os.strerror(error_number))
        return value

    def close(self) -> None:
        """End the process if it exists; it must be idle."""
        if self._end:
            self._end()

    def proceed(self, done: int) -> None:
        """Report, in the child, how many parts of the request are finished."""
        PROGRESS.pack_into(self._progress, 0, done, time.monotonic())

    def _proceeded(self) -> tuple[int, float]:
        done, moment = PROGRESS.unpack_from(self._progress)
        return done, moment

    def _is_runnable(self) -> bool:
        """Return whether the child waits for a CPU, and not for a driver (fs/proc/array.c, task_state)."""
        try:
            with open(f"/proc/{self._pid}/stat", "rb") as file:
                return file.read().rpartition(b")")[2].split()[0] == b"R"
        except (OSError, IndexError):
            return False

    def _receive(self, size: int, timeout: float, last: float, is_read: bool) -> bytes:
        received = b""
        while len(received) < size:
            moment, now = self._proceeded()[1], time.monotonic()
            remaining = min(moment + timeout, last) - now
            is_late = remaining <= 0
            is_starved = is_late and is_read and now < moment + timeout * STARVED and self._is_runnable()
            # The answer may have arrived just now.
            self._connection.settimeout(PAUSE if is_starved else AT_ONCE if is_late else remaining)
            try:
                part = self._connection.recv(size - len(received))
            except socket.timeout:
                if is_late and not is_starved:
                    raise
                # The child may have finished another part.
                continue
            if not part:
                raise EOFError
            received += part
        return received

    def _start(self) -> None:
        # A write to shared memory takes a tenth of a microsecond, a message some microseconds.
        self._progress = mmap.mmap(-1, PROGRESS.size)
        self._connection, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            _serve(self._answer, theirs)
        theirs.close()
        self._end = weakref.finalize(self, _end, self._pid, self._connection, 0)

    def _give_up(self) -> None:
        if self._end and self._end.detach():
            _end(self._pid, self._connection, os.WNOHANG)


def run(action: Callable[[], Value], timeout: float) -> Value:
    """Run ``action()`` in a new child and return its value; errors are those of :meth:`Child.ask`."""
    child = Child(lambda request: action())
    try:
        value: Value = child.ask(None, timeout)
        return value
    finally:
        child.close()


def _end(pid: int, connection: socket.socket, options: int) -> None:
    connection.close()
    # If SIGCHLD is ignored, the kernel has already reaped the child.
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, options)


def _serve(answer: Callable[[Any], Any], connection: socket.socket) -> None:
    """Answer requests until the connection closes. Runs in the child and never returns."""
    try:
        # A stuck child must not keep the output pipes of its parent open, because Ansible waits until they close.
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.setsid()
        # Close the parent's lock file too, and the parent's end of the connection: the child ends when that end closes.
        os.closerange(3, connection.fileno())
        os.closerange(connection.fileno() + 1, MOST_DESCRIPTORS)
        requests = connection.makefile("rb")
        while True:
            request = marshal.load(requests)
            outcome = marshal.dumps(_outcome(answer, request))
            connection.sendall(len(outcome).to_bytes(SIZE, "big") + outcome)
    finally:
        os._exit(0)


def _outcome(answer: Callable[[Any], Any], request: Any) -> tuple[int | None, Any, str | None]:
    """Return errno, value and description of any other exception."""
    try:
        return None, answer(request), None
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            return error.errno, None, None
        return None, None, repr(error)
