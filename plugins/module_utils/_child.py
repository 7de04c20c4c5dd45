# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run an action in a child process, so that a kernel call which never returns cannot hang its caller."""

from __future__ import annotations

import marshal
import os
import select
import signal
import time
from typing import Any, Callable, TypeVar

Value = TypeVar("Value")

# As many as an ordinary process may have open.
MOST_DESCRIPTORS = 1024


def run(action: Callable[[], Value], timeout: float) -> Value:
    """Return what ``action()`` returns; it runs in a child that may take ``timeout`` seconds.

    The value must be made of the plain types that :mod:`marshal` knows. An ``OSError`` of the action is raised
    here with its errno, any other exception as ``RuntimeError``. A ``TimeoutError`` without errno means that the
    child did not answer in time: it has been sent SIGKILL, but a kernel call that cannot be interrupted goes on
    until the kernel ends it.
    """
    receiving, sending = os.pipe()
    pid = os.fork()
    if pid == 0:
        _answer(action, sending)
    os.close(sending)
    try:
        answer = _receive(receiving, time.monotonic() + timeout)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, os.WNOHANG)
        raise
    finally:
        os.close(receiving)
    os.waitpid(pid, 0)
    if not answer:
        raise RuntimeError(f"the child process {pid} was ended by somebody else")
    error_number: int | None
    value: Value
    error_number, value, bug = marshal.loads(answer)
    if bug:
        raise RuntimeError(bug)
    if error_number:
        raise OSError(error_number, os.strerror(error_number))
    return value


def _receive(descriptor: int, deadline: float) -> bytes:
    received = b""
    while True:
        ready = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]
        if not ready:
            raise TimeoutError
        part = os.read(descriptor, 65536)
        if not part:
            return received
        received += part


def _outcome(action: Callable[[], Any]) -> tuple[int | None, Any, str | None]:
    """The errno, the value, or what else went wrong."""
    try:
        return None, action(), None
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            return error.errno, None, None
        return None, None, repr(error)


def _answer(action: Callable[[], Any], sending: int) -> None:
    """The child's whole life."""
    status = 1
    try:
        # A stuck child must not keep the output pipes of its parent open: Ansible waits for their end.
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.setsid()
        # Nor the lock of its parent.
        os.closerange(3, sending)
        os.closerange(sending + 1, MOST_DESCRIPTORS)
        unsent = marshal.dumps(_outcome(action))
        while unsent:
            unsent = unsent[os.write(sending, unsent) :]
        status = 0
    finally:
        os._exit(status)
