# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Programs of the host, for what has no file: ``ip``, ``devlink``, ``sriov-manage``. Only HostRoot uses it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import NamedTuple, Optional, Protocol

DIRECTORIES = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin")
# A page of text is more than any sentence needs, and the settings of 256 VFs are about 100 KiB.
LIMIT = 1 << 22


class Output(NamedTuple):
    """What a program that has ended left behind."""

    status: int
    text: str
    errors: str


class Process(Protocol):
    """A program that was started."""

    def poll(self) -> Optional[Output]:
        """What it left behind, or None while it runs."""

    def kill(self) -> None:
        """End it."""


class Tools(Protocol):
    """Programs below one root. :class:`SystemTools` starts the real ones, a test brings its own."""

    def find(self, name: str) -> str | None:
        """The path of a program, or None."""

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Process:
        """Start the program at a path. Until it ends it has the file of the descriptor ``lock`` locked as well."""


class SystemTools:
    """The programs of the running system, or those in a tree that looks like one, below ``root``."""

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"

    def find(self, name: str) -> str | None:
        """The path of a program, or None; a name with a slash is relative to the root."""
        for directory in DIRECTORIES if "/" not in name else [""]:
            path = os.path.join(self._prefix, directory, name)
            if os.access(path, os.X_OK) and not os.path.isdir(path):
                return path
        return None

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Process:
        """Start a program; ``OSError`` if that fails."""
        return SystemProcess(path, arguments, () if lock is None else (lock,))


class SystemProcess:
    """One program in a session of its own.

    It writes into files and not into pipes, so that it can go on when whoever started it has given up.
    """

    def __init__(self, path: str, arguments: Sequence[str], kept: Sequence[int] = ()) -> None:
        """``kept`` are descriptors that it shares."""
        # They are closed with this object.
        self._text = tempfile.TemporaryFile()  # noqa: SIM115
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        # The engine imports no Ansible, and a module's run_command() has no deadline.
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
        """What it left behind, or None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        texts = []
        for file in (self._text, self._errors):
            file.seek(0)
            texts.append(file.read(LIMIT).decode(errors="replace"))
        return Output(status, *texts)

    def kill(self) -> None:
        """End it with all its children, without waiting."""
        os.killpg(self._process.pid, signal.SIGKILL)
