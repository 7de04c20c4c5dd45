# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""HostRoot: the only access of the engine to a host, for reads and writes.

Paths are relative to the root and have no leading slash: ``sys/bus/pci/devices``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Callable, TypeVar

from .._core.problems import Failed
from .._core.text import printable
from . import ownership, writable
from .durable_files import REMEDIES, UNFINISHED
from .errors import describe, error_name, is_deadline, with_remedy
from .files import Files, OperatingSystemFiles
from .lock import describe_holders
from .programs import Output, SystemTools, Tools
from .reading import Reading

Value = TypeVar("Value")

LOCK = "run/vfio-devices/lock"
SHOWN_WARNINGS = 3


class HostError(Failed):
    """An operation on the host failed; the text names it and the cause.

    ``path`` is relative to the root. ``value`` is the written value, or None for a read. ``errno`` is the errno name,
    such as ``EBUSY``. ``pending`` is true after a timeout: the kernel may still make the change.
    """

    def __init__(
        self, message: str, path: str, value: str | None = None, errno: str | None = None, pending: bool = False
    ) -> None:
        super().__init__(printable(message, ""))
        self.path = path
        self.value = value
        self.errno = errno
        self.pending = pending

    @property
    def of_device(self) -> bool:
        """Return whether the kernel or a driver reported the error for a device, and not a file system for a file."""
        return self.path.startswith("sys/")


class HostRoot(Reading):
    """A host. Failed reads do not abort a scan, and reads, writes and waits have deadlines."""

    def __init__(
        self, root: str = "/", timeout: float = 30.0, files: Files | None = None, tools: Tools | None = None
    ) -> None:
        """``root`` is the absolute path of the host's file system, ``timeout`` the seconds that one write may take.

        All reads of one device together may take ``timeout`` too, one read a fifteenth of it, but at least 2 s.
        """
        if not os.path.isabs(root):
            raise HostError(
                f"host_root must be the absolute path of a directory such as /, and not {root[:80]!r}", root
            )
        if files is None and not os.path.isdir(os.path.join(root, "sys")):
            raise HostError(f"{root} is not the root of a host: it has no directory sys", root)
        super().__init__(root, timeout, files or OperatingSystemFiles(root))
        # During boot, a daemon of the host would wait for the process that starts it with a query.
        self.may_start_daemons = True
        self._tools: Tools = tools or SystemTools(root)
        self._locked = False

    def again(self, timeout: float) -> HostRoot:
        """Return the same host with a new deadline and new warnings; the lock is shared."""
        other = HostRoot(self.root, timeout, self._files, self._tools)
        other._locked = self._locked
        return other

    def refusal(self, path: str) -> str | None:
        """Return why a file at a path of this collection is neither replaced nor removed, or None."""
        try:
            reason = ownership.refusal(self._files.look(path), takes_empty=True)
        except OSError as error:
            reason = f"cannot be read: {describe(error)}"
        place = f"{self.root.rstrip('/')}/{path}"
        return reason and f"{place} {reason}, and is not changed. Move it with: {ownership.rename_command(place)}"

    def write(self, path: str, value: str, timeout: float | None = None) -> None:
        """Write ``value`` with one system call in a child; raise HostError on failure or after ``timeout`` seconds."""
        _admit(path, writable.ATTRIBUTE, value=value)
        limit = self.timeout if timeout is None else timeout
        try:
            self._files.in_time(limit, "write", path, value.encode())
        except OSError as error:
            if is_deadline(error):
                raise HostError(
                    f"writing {value!r} to /{path} timed out after {limit:g} s, because the device is in use. The "
                    "change remains pending in the kernel. Stop the user of the device, and run the play again",
                    path,
                    value,
                    pending=True,
                ) from None
            raise HostError(
                f"cannot write {value!r} to /{path}: {describe(error)}", path, value, error_name(error)
            ) from error

    def replace_file(self, path: str, content: str | bytes) -> None:
        """Create or replace an ordinary file and missing directories, atomically; raise HostError on failure."""
        _admit(path, writable.FILE)
        try:
            self._files.replace(path, content.encode() if isinstance(content, str) else content)
        except OSError as error:
            raise _file_error("write", path, error) from error

    def replace_link(self, path: str, target: str) -> None:
        """Create or replace a symbolic link and missing directories, atomically; raise HostError on failure."""
        _admit(path, writable.LINK)
        try:
            self._files.symlink(path, target)
        except OSError as error:
            raise _file_error("link", path, error) from error

    def remove_file(self, path: str) -> None:
        """Remove an ordinary file or symbolic link if it exists; raise HostError on failure."""
        _admit(path, writable.FILE, writable.LINK)
        try:
            self._files.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _file_error("remove", path, error) from error

    def try_room(self, directory: str, size: int, write: bool) -> None:
        """Raise HostError if ``size`` bytes cannot be written to files of a directory.

        With ``write``, write and remove a test file; otherwise only query the file system.
        """
        if write:
            _admit(f"{directory}/.room{UNFINISHED}", writable.FILE)
        try:
            self._files.try_room(directory, size, write)
        except OSError as error:
            raise _file_error("write to", directory, error) from error

    def remove_unfinished(self, directory: str) -> None:
        """Remove temporary files of a killed run."""
        for name in self.names(directory):
            if name.startswith(".") and name.endswith(UNFINISHED):
                self.remove_file(f"{directory}/{name}")

    def lock(self, timeout: float | None = None) -> None:
        """Keep other runs off this host until this process ends; wait ``timeout`` seconds for the lock."""
        if self._locked:
            return
        limit = self.timeout if timeout is None else timeout
        try:
            # The holder of the lock may end while it is being identified; then try once more.
            for seconds in (limit, 0.0):
                if self.wait(lambda: self._files.lock(LOCK), seconds):
                    self._locked = True
                    return
                holders = self._files.lock_holders(LOCK)
                if holders:
                    break
        except OSError as error:
            raise _file_error("lock", LOCK, error) from error
        raise HostError(describe_holders(f"/{LOCK}", holders, limit), LOCK)

    def has_program(self, name: str) -> bool:
        """Return whether the host has an executable program of this name in its usual directories."""
        return self._tools.find(name) is not None

    def run(self, name: str, arguments: Sequence[str], keep: bool = False, timeout: float | None = None) -> str:
        """Return the output of a program of the host; raise HostError if it is missing, fails or times out.

        With ``keep``, a program that times out continues, because killing it would do harm. No other run starts until
        it ends.
        """
        command = " ".join([name, *arguments])
        path = self._tools.find(name)
        if path is None:
            raise HostError(f"there is no program {name} below {self.root}", name)
        try:
            process = self._tools.start(path, arguments, self._files.locked if keep else None)
        except OSError as error:
            raise HostError(f"cannot start {command}: {describe(error)}", name, errno=error_name(error)) from error
        outputs: list[Output] = []

        def ended() -> bool:
            output = process.poll()
            outputs[:] = [output] if output else []
            return output is not None

        limit = self.timeout if timeout is None else timeout
        if not self.wait(ended, limit):
            if not keep:
                process.kill()
            raise HostError(f"{command} did not finish within {limit:g} s", name, pending=True)
        if outputs[0].status:
            output = " ".join((outputs[0].errors or outputs[0].text).split())[-300:]
            raise HostError(f"{command} failed with status {outputs[0].status}: {output or 'no output'}", name)
        return outputs[0].text

    def now(self) -> float:
        """Return seconds since an arbitrary point; the clock never goes back."""
        return self._files.now()

    def attempt(self, action: Callable[[], Value], timeout: float) -> Value:
        """Return ``action()``, called in a child process; raise ``TimeoutError`` after ``timeout`` seconds."""
        return self._files.attempt(action, timeout)

    def wait(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Poll ``condition`` until it is true (return True) or ``timeout`` seconds have passed (return False)."""
        deadline = self._files.now() + (self.timeout if timeout is None else timeout)
        pause = 0.001
        while not condition():
            remaining = deadline - self._files.now()
            if remaining <= 0:
                return False
            self._files.pause(min(pause, remaining))
            pause = min(pause * 2, 0.2)
        return True


def _admit(path: str, *how: str, value: str | None = None) -> None:
    """Raise HostError for a path that is not in the list of paths that this collection writes."""
    refusal = writable.refusal(path, *how)
    if refusal:
        raise HostError(refusal, path, value)


def _file_error(verb: str, path: str, error: OSError) -> HostError:
    """Return a HostError for an ordinary file, with the remedy for its errno; it does not concern cards."""
    remedy = REMEDIES.get(error.errno or 0)
    sentence = with_remedy(f"cannot {verb} /{path}: {describe(error)}", remedy)
    return HostError(sentence, path, errno=error_name(error))


def first_lines(host: HostRoot, paths: Sequence[str]) -> list[str]:
    """Return the lines of the first existing file of ``paths``, or none."""
    path = next((path for path in paths if host.exists(path)), None)
    return (host.read(path) or "").splitlines() if path else []


def summarize(warnings: list[str]) -> list[str]:
    """Return the first warnings and the number of the rest, for the output of a module."""
    if len(warnings) <= SHOWN_WARNINGS:
        return warnings
    return [*warnings[:SHOWN_WARNINGS], f"{len(warnings) - SHOWN_WARNINGS} more such problems on this host"]
