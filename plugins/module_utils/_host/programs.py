# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Start programs of the host, such as ``ip`` and ``devlink``, for state that has no file. Only HostRoot uses it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import NamedTuple, Optional, Protocol

DIRECTORIES = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin")
# In bytes: messages need a few kB, and the settings of 256 VFs have about 100 KiB.
LIMIT = 1 << 22


class Output(NamedTuple):
    """The result of a program that has ended."""

    status: int
    text: str
    errors: str


class Process(Protocol):
    """A started program."""

    def poll(self) -> Optional[Output]:
        """Return the result, or None while the program runs."""

    def kill(self) -> None:
        """Kill the program."""


class Tools(Protocol):
    """Programs below one root: :class:`SystemTools`, or a fake in tests."""

    def find(self, name: str) -> str | None:
        """Return the path of a program, or None."""

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Process:
        """Start the program at a path. It inherits the descriptor ``lock``, so the lock is held until it ends."""


class SystemTools:
    """The programs of the running system, or of a simulated host, below ``root``."""

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"

    def find(self, name: str) -> str | None:
        """Return the path of a program, or None; a name with a slash is relative to the root."""
        for directory in DIRECTORIES if "/" not in name else [""]:
            path = os.path.join(self._prefix, directory, name)
            if os.access(path, os.X_OK) and not os.path.isdir(path):
                return path
        return None

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Process:
        return SystemProcess(path, arguments, () if lock is None else (lock,))


class SystemProcess:
    """A program in its own session.

    It writes to files instead of pipes, so it can continue after the process that started it has given up.
    """

    def __init__(self, path: str, arguments: Sequence[str], kept: Sequence[int] = ()) -> None:
        """``kept`` are descriptors that the program inherits."""
        # Both files are closed when this object is deleted.
        self._text = tempfile.TemporaryFile()  # noqa: SIM115
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        # The engine does not import Ansible, and run_command() of a module has no deadline.
        self._process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._text,
            stderr=self._errors,
            start_new_session=True,
            pass_fds=kept,
            env={**os.environ, "LC_ALL": "C"},
        )

    def poll(self) -> Output | None:
        status = self._process.poll()
        if status is None:
            return None
        texts = []
        for file in (self._text, self._errors):
            file.seek(0)
            texts.append(file.read(LIMIT).decode(errors="replace"))
        return Output(status, *texts)

    def kill(self) -> None:
        """Kill the program and its children without waiting."""
        os.killpg(self._process.pid, signal.SIGKILL)
