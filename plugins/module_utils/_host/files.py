# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Access files below one root. Only HostRoot uses this file."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import Any, Callable, Optional, Protocol, TypeVar, Union

from .._core.patterns import lazy_pattern
from . import child_process, durable_files, lock, ownership

Value = TypeVar("Value")
Targets = list[tuple[str, Union[str, OSError]]]
Paths = list[str]
# For each call: its errno or None, and its value.
Answers = list[tuple[Optional[int], Any]]

MEBIBYTE = 1 << 20
SURROGATE = lazy_pattern("[\ud800-\udfff]")


class Files(Protocol):
    """File access below one root: :class:`OperatingSystemFiles`, or a fake in tests.

    Each method raises ``OSError`` with the kernel's errno. ``locked`` is the descriptor that :meth:`lock` has locked.
    """

    locked: int | None

    def read(self, path: str, most: int = MEBIBYTE) -> bytes:
        """Return the first ``most`` bytes of a file, or slightly more."""

    def list(self, path: str) -> list[str]:
        """Return the names in a directory."""

    def link(self, path: str) -> str:
        """Return the target of a symbolic link."""

    def link_below(self, directory: str, path: str) -> str:
        """Return the target of one of many links below a directory."""

    def links(self, directory: str) -> Targets:
        """Return each name in a directory with its link target, or with the error of reading the link."""

    def mapped(self, path: str) -> Paths:
        """Return the device files in ``maps`` of a process."""

    def device(self, path: str, block: bool = False) -> str | None:
        """Return ``major:minor`` of a character device, or with ``block`` of a block device; None for other files."""

    def claimed(self, path: str, number: str) -> bool:
        """Return whether an exclusive open of the block device with this ``major:minor`` fails with EBUSY."""

    def exists(self, path: str) -> bool:
        """Return whether a path exists."""

    def look(self, path: str) -> ownership.Entry | None:
        """Describe a path without following links, and whether this collection wrote it; None if it does not exist."""

    def write(self, path: str, data: bytes) -> None:
        """Write to an existing file with one system call."""

    def replace(self, path: str, data: bytes) -> None:
        """Create or replace an ordinary file atomically and durably."""

    def symlink(self, path: str, target: str) -> None:
        """Create or replace a symbolic link atomically and durably."""

    def unlink(self, path: str) -> None:
        """Remove a file or symbolic link durably."""

    def try_room(self, directory: str, size: int, write: bool) -> None:
        """Raise ``OSError`` if a directory lacks room for ``size`` bytes; write only if ``write``."""

    def status(self, path: str) -> tuple[int, int]:
        """Return ``st_mode`` and owner of a path without following symbolic links."""

    def lock(self, path: str) -> bool:
        """Lock a file until this process ends; return False if another process holds the lock."""

    def lock_holders(self, path: str) -> Paths:
        """Return the visible processes that hold the lock of a file: ``pid 4242 (python3 restore.pyz)``."""

    def attempt(self, action: Callable[[], Value], timeout: float) -> Value:
        """Return ``action()``; raise ``TimeoutError`` after ``timeout`` seconds."""

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """Return the value of one of these methods; raise ``TimeoutError`` after ``timeout`` seconds."""

    def each_in_time(self, timeout: float, limit: float, method: str, paths: Paths) -> tuple[Answers, int | None]:
        """Call a method for each path and return errno and value of each call.

        One call may take ``timeout`` seconds, all calls ``limit``. The second value is the index of the path that timed
        out, or None. Paths after it have no answer, and some before it may have none.
        """

    def now(self) -> float:
        """Return seconds since an arbitrary point."""

    def pause(self, seconds: float) -> None:
        """Sleep for ``seconds``."""


class OperatingSystemFiles:
    """The files of the running system, or of a simulated host, below ``root``."""

    # A sysfs attribute has at most one page, and the largest page of any architecture has 64 KiB.
    CHUNK = 65536

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"
        self.locked: int | None = None
        self._directory: tuple[int, str, int] | None = None
        self._child = child_process.Child(lambda request: getattr(self, request[0])(*request[1:]))

    def _place(self, path: str) -> str:
        """Return a path for the system; names from files of the host may have characters that no path can have."""
        if "\0" in path or not path.isascii() and SURROGATE.search(path):
            raise FileNotFoundError(errno.ENOENT, "no file can have this name", path)
        return self._prefix + path

    def read(self, path: str, most: int = MEBIBYTE) -> bytes:
        """Return the beginning of a file; do not wait for the other end of a FIFO."""
        descriptor = os.open(self._place(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            content = part = os.read(descriptor, self.CHUNK)
            # Only sysfs guarantees the whole value in one read.
            while part and not path.startswith("sys/") and len(content) < most:
                part = os.read(descriptor, self.CHUNK)
                content += part
            return content
        finally:
            os.close(descriptor)

    def list(self, path: str) -> list[str]:
        return os.listdir(self._place(path))

    def link(self, path: str) -> str:
        return os.readlink(self._place(path))

    def link_below(self, directory: str, path: str) -> str:
        """Read a link relative to an open directory, so that many links below it resolve the directory only once."""
        return self._inside(self._prefix + directory, lambda opened: os.readlink(path, dir_fd=opened))

    def links(self, directory: str) -> Targets:
        opened = os.open(self._place(directory), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found: Targets = []
            for name in os.listdir(opened):
                try:
                    found.append((name, os.readlink(name, dir_fd=opened)))
                except OSError as error:
                    found.append((name, error))
            return found
        finally:
            os.close(opened)

    def mapped(self, path: str) -> Paths:
        with open(self._place(path), "rb") as file:
            return devices_in_maps(file.read())

    def device(self, path: str, block: bool = False) -> str | None:
        try:
            status = os.stat(self._place(path))
        except OSError:
            return None
        if not (stat.S_ISBLK if block else stat.S_ISCHR)(status.st_mode):
            return None
        return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"

    def claimed(self, path: str, number: str) -> bool:
        status = os.stat(self._prefix + path)
        if not stat.S_ISBLK(status.st_mode) or number != f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}":
            return False
        try:
            os.close(os.open(self._prefix + path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            return error.errno == errno.EBUSY
        return False

    def exists(self, path: str) -> bool:
        return os.path.exists(self._prefix + path)

    def look(self, path: str) -> ownership.Entry | None:
        return ownership.read_entry(self._prefix + path)

    def write(self, path: str, data: bytes) -> None:
        """Open without O_CREAT and write once, as sysfs attributes require."""
        directory, name = os.path.split(self._prefix + path)
        flags = os.O_WRONLY | os.O_CLOEXEC
        descriptor = self._inside(directory, lambda opened: os.open(name, flags, dir_fd=opened))
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def replace(self, path: str, data: bytes) -> None:
        durable_files.replace(self._prefix + path, data)

    def symlink(self, path: str, target: str) -> None:
        durable_files.symlink(self._prefix + path, target)

    def unlink(self, path: str) -> None:
        durable_files.unlink(self._prefix + path)

    def try_room(self, directory: str, size: int, write: bool) -> None:
        (durable_files.try_to_write if write else durable_files.look_for_room)(self._prefix + directory, size)

    def status(self, path: str) -> tuple[int, int]:
        found = os.lstat(self._prefix + path)
        # In a simulated host, the owner of the tree has the role of root.
        is_root = self._prefix != "/" and found.st_uid == os.geteuid()
        return found.st_mode, 0 if is_root else found.st_uid

    def lock(self, path: str) -> bool:
        self.locked = lock.acquire(self._prefix + path)
        return self.locked is not None

    def lock_holders(self, path: str) -> Paths:
        return lock.holders(self._prefix + path)

    def _inside(self, directory: str, action: Callable[[int], Value]) -> Value:
        """Call ``action`` with a descriptor of ``directory``, which stays open for later calls."""
        try:
            return action(self._opened(directory))
        except FileNotFoundError:
            # The directory may have been removed or created again since it was opened.
            self._close()
            return action(self._opened(directory))

    def _opened(self, directory: str) -> int:
        """Return a descriptor of the directory. It is cached, because many files of one directory follow each other."""
        # A child must not use or close the cached descriptor of its parent.
        process = os.getpid()
        if self._directory is None or self._directory[:2] != (process, directory):
            self._close()
            self._directory = process, directory, os.open(directory, os.O_PATH | os.O_CLOEXEC)
        return self._directory[2]

    def _close(self) -> None:
        if self._directory is not None and self._directory[0] == os.getpid():
            os.close(self._directory[2])
        self._directory = None

    def attempt(self, action: Callable[[], Value], timeout: float) -> Value:
        return child_process.run(action, timeout)

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        return self._child.ask((method, *arguments), timeout)

    def each_in_time(self, timeout: float, limit: float, method: str, paths: Paths) -> tuple[Answers, int | None]:
        try:
            return self._child.ask(("_each", method, paths), timeout, limit), None
        except child_process.DeadlineExceeded as late:
            # If only the report of the last call was late, the last path counts as the one that timed out.
            silent = min(late.done, len(paths) - 1)
        # Repeat the reads whose values were lost with the killed child.
        try:
            return self._child.ask(("_each", method, paths[:silent]), timeout, limit) if silent else [], silent
        except child_process.DeadlineExceeded:
            return [], silent

    def _each(self, method: str, paths: Paths) -> Answers:
        action = getattr(self, method)
        answers: Answers = []
        for path in paths:
            try:
                answers.append((None, action(path)))
            except OSError as error:
                answers.append((error.errno or errno.EIO, None))
            self._child.proceed(len(answers))
        return answers

    def now(self) -> float:
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


def devices_in_maps(table: bytes) -> list[str]:
    """Return the paths in ``maps`` of a process that may be device files (proc_pid_maps(5): sixth column)."""
    if not _may_be_devices(table):
        return []
    paths = {line.split(None, 5)[-1].strip() for line in table.splitlines() if _may_be_devices(line)}
    return sorted(path.decode(errors="replace") for path in paths)


def _may_be_devices(text: bytes) -> bool:
    return b"/dev/" in text or b"/resource" in text
