# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Let a child process make the calls that may never return, so that they cannot hang their caller."""

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

# As many as an ordinary process may have open.
MOST_DESCRIPTORS = 1024
# Bytes of the length that precedes an answer.
SIZE = 8
# How many parts of a request are done, and when the last of them was.
PROGRESS = struct.Struct("qd")
# An overloaded or emulated machine may not run the child for a while: so many deadlines as long as it only waits for a
# processor, and seconds between two looks at it.
STARVED = 5
PAUSE = 0.1
AT_ONCE = 0.001


class Late(TimeoutError):
    """The child did not answer in time; ``done`` parts of the request were done before."""

    def __init__(self, done: int) -> None:
        super().__init__()
        self.done = done


class Child:
    """A process that answers requests one after the other, started when there is one.

    Who has not answered in time is given up, and the next request gets a new process. A process that waits for
    requests ends with its :class:`Child`, and with the process that has made it, however that ends.
    """

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self._answer = answer
        self._end: weakref.finalize[Any, Any] | None = None

    def ask(self, request: Any, timeout: float, limit: float | None = None) -> Any:
        """Return ``answer(request)`` as the child, which may take ``timeout`` seconds, returns it.

        If the child says with :meth:`proceed` how far it is, ``timeout`` is for each part of the request, and ``limit``
        for all of it.

        Request and value must be made of the plain types that :mod:`marshal` knows. An ``OSError`` of the answer is
        raised here with its errno, any other exception as ``RuntimeError``. A :class:`Late` means that the child did
        not answer in time: it has been sent SIGKILL, but a kernel call that cannot be interrupted goes on until the
        kernel ends it.
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
            raise Late(self._proceeded()[0]) from None
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
        """End the process, if there is one; it must not be at work."""
        if self._end:
            self._end()

    def proceed(self, done: int) -> None:
        """Say, in the child, how many parts of the request are done."""
        PROGRESS.pack_into(self._progress, 0, done, time.monotonic())

    def _proceeded(self) -> tuple[int, float]:
        done, moment = PROGRESS.unpack_from(self._progress)
        return done, moment

    def _is_runnable(self) -> bool:
        """Whether the child waits for a processor, and not in the kernel for a driver (fs/proc/array.c, task_state)."""
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
            # What is late may just have come.
            self._connection.settimeout(PAUSE if is_starved else AT_ONCE if is_late else remaining)
            try:
                part = self._connection.recv(size - len(received))
            except socket.timeout:
                if is_late and not is_starved:
                    raise
                # The child may have done a part meanwhile.
                continue
            if not part:
                raise EOFError
            received += part
        return received

    def _start(self) -> None:
        # A write into memory that both have costs a tenth of a microsecond, a message some microseconds.
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
    """Return what ``action()`` returns; it runs in a child of its own, as :meth:`Child.ask` says."""
    child = Child(lambda request: action())
    try:
        value: Value = child.ask(None, timeout)
        return value
    finally:
        child.close()


def _end(pid: int, connection: socket.socket, options: int) -> None:
    connection.close()
    # Where SIGCHLD is ignored the kernel has buried it already.
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, options)


def _serve(answer: Callable[[Any], Any], connection: socket.socket) -> None:
    """The child's whole life."""
    try:
        # A stuck child must not keep the output pipes of its parent open: Ansible waits for their end.
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.setsid()
        # Nor the lock of its parent, nor the parent's end of the connection: its closing is how the child ends.
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
    """The errno, the value, or what else went wrong."""
    try:
        return None, answer(request), None
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            return error.errno, None, None
        return None, None, repr(error)
