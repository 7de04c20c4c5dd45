# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plain access to the files below one root; only HostRoot uses it."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import Any, Callable, Optional, Protocol, TypeVar, Union

from . import child, durable, lock, ownership

Value = TypeVar("Value")
Targets = list[tuple[str, Union[str, OSError]]]
Paths = list[str]
# Of each call its errno or None, and what it returned.
Answers = list[tuple[Optional[int], Any]]

MEBIBYTE = 1 << 20


class Files(Protocol):
    """File access below one root. :class:`OperatingSystemFiles` is the real one, a test brings its own.

    Each method raises ``OSError`` with the kernel's errno. ``locked`` is the descriptor that :meth:`lock` has locked.
    """

    locked: int | None

    def read(self, path: str, most: int = MEBIBYTE) -> bytes:
        """The first ``most`` bytes of a file, or a few more."""

    def list(self, path: str) -> list[str]:
        """The names in a directory."""

    def link(self, path: str) -> str:
        """Where a symbolic link points to."""

    def link_below(self, directory: str, path: str) -> str:
        """The same for one of many links below a directory."""

    def links(self, directory: str) -> Targets:
        """The names in a directory, each with its target as a symbolic link, or why there is none."""

    def mapped(self, path: str) -> Paths:
        """The device files in a process's ``maps``."""

    def device(self, path: str) -> str | None:
        """``major:minor`` of a character device, or None."""

    def claimed(self, path: str, number: str) -> bool:
        """Whether an exclusive open of the block device with this ``major:minor`` gives EBUSY."""

    def exists(self, path: str) -> bool:
        """Whether there is something at a path."""

    def look(self, path: str) -> ownership.Entry | None:
        """What is at a path, no link followed, and whether this collection wrote it; None if there is nothing."""

    def write(self, path: str, data: bytes) -> None:
        """Write into a file that is there, in one piece."""

    def replace(self, path: str, data: bytes) -> None:
        """Create or replace an ordinary file atomically and durably."""

    def symlink(self, path: str, target: str) -> None:
        """Create or replace a symbolic link atomically and durably."""

    def unlink(self, path: str) -> None:
        """Remove a file or a symbolic link for good."""

    def try_room(self, directory: str, size: int, write: bool) -> None:
        """Raise what keeps ``size`` bytes out of a directory; without ``write`` as far as the file system says it."""

    def status(self, path: str) -> tuple[int, int]:
        """``st_mode`` and owner of what is at a path, which is not followed if it is a symbolic link."""

    def lock(self, path: str) -> bool:
        """Lock a file until this process ends; False if another one has it locked."""

    def lock_holders(self, path: str) -> Paths:
        """Who has a file locked now, as far as can be seen: ``pid 4242 (python3 restore.pyz)``."""

    def attempt(self, action: Callable[[], Value], timeout: float) -> Value:
        """What an action returns; ``TimeoutError`` after so many seconds."""

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """What one of these methods returns; ``TimeoutError`` after so many seconds."""

    def each_in_time(self, timeout: float, limit: float, method: str, paths: Paths) -> tuple[Answers, int | None]:
        """What a method returns for each of many paths: its errno or None, and the value.

        One call may take ``timeout`` seconds, and all together ``limit``. The second value is the index of the path
        that did not answer in time, or None: those after it, and it may be some before it, have no answer.
        """

    def now(self) -> float:
        """Seconds since some point."""

    def pause(self, seconds: float) -> None:
        """Let so many seconds pass."""


class OperatingSystemFiles:
    """The files of the running system, or of a tree that looks like one, below ``root``."""

    # An attribute of sysfs is never longer than one page, and 64 KiB is the largest page of any architecture.
    CHUNK = 65536

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"
        self.locked: int | None = None
        self._directory: tuple[int, str, int] | None = None
        self._child = child.Child(lambda request: getattr(self, request[0])(*request[1:]))

    def read(self, path: str, most: int = MEBIBYTE) -> bytes:
        """The beginning of the file; never waits for a FIFO's other end."""
        descriptor = os.open(self._prefix + path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            content = part = os.read(descriptor, self.CHUNK)
            # Only sysfs promises the whole value in one read.
            while part and not path.startswith("sys/") and len(content) < most:
                part = os.read(descriptor, self.CHUNK)
                content += part
            return content
        finally:
            os.close(descriptor)

    def list(self, path: str) -> list[str]:
        return os.listdir(self._prefix + path)

    def link(self, path: str) -> str:
        return os.readlink(self._prefix + path)

    def link_below(self, directory: str, path: str) -> str:
        """For many links below one directory, the way to which is gone once."""
        return self._inside(self._prefix + directory, lambda opened: os.readlink(path, dir_fd=opened))

    def links(self, directory: str) -> Targets:
        opened = os.open(self._prefix + directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
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
        with open(self._prefix + path, "rb") as file:
            return devices_in_maps(file.read())

    def device(self, path: str) -> str | None:
        try:
            status = os.stat(self._prefix + path)
        except OSError:
            return None
        if not stat.S_ISCHR(status.st_mode):
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
        return ownership.look(self._prefix + path)

    def write(self, path: str, data: bytes) -> None:
        """One open without O_CREAT and one write, as an attribute of sysfs wants it."""
        directory, name = os.path.split(self._prefix + path)
        flags = os.O_WRONLY | os.O_CLOEXEC
        descriptor = self._inside(directory, lambda opened: os.open(name, flags, dir_fd=opened))
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def replace(self, path: str, data: bytes) -> None:
        """No reader ever sees a part of it, not even after a power cut."""
        durable.replace(self._prefix + path, data)

    def symlink(self, path: str, target: str) -> None:
        durable.symlink(self._prefix + path, target)

    def unlink(self, path: str) -> None:
        durable.unlink(self._prefix + path)

    def try_room(self, directory: str, size: int, write: bool) -> None:
        (durable.try_to_write if write else durable.look_for_room)(self._prefix + directory, size)

    def status(self, path: str) -> tuple[int, int]:
        found = os.lstat(self._prefix + path)
        # In a tree that only looks like a host, whoever has made it is what root is on a host.
        is_root = self._prefix != "/" and found.st_uid == os.geteuid()
        return found.st_mode, 0 if is_root else found.st_uid

    def lock(self, path: str) -> bool:
        self.locked = lock.take(self._prefix + path)
        return self.locked is not None

    def lock_holders(self, path: str) -> Paths:
        return lock.holders(self._prefix + path)

    def _inside(self, directory: str, action: Callable[[int], Value]) -> Value:
        """What an action returns that finds its file in a directory that is kept open."""
        try:
            return action(self._opened(directory))
        except FileNotFoundError:
            # The directory may have been removed or created again since it was opened.
            self._close()
            return action(self._opened(directory))

    def _opened(self, directory: str) -> int:
        """A directory that stays open until another one is asked for, as many files of one come in turn."""
        # A child does not have the descriptors of the process that has made it.
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
        """What an action returns that runs in a child of its own; ``TimeoutError`` after ``timeout`` seconds."""
        return child.run(action, timeout)

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """What a method of these files returns in the common child; ``TimeoutError`` after ``timeout`` seconds."""
        return self._child.ask((method, *arguments), timeout)

    def each_in_time(self, timeout: float, limit: float, method: str, paths: Paths) -> tuple[Answers, int | None]:
        """What a method of these files returns in the common child for each path; see :class:`Files`."""
        try:
            return self._child.ask(("_each", method, paths), timeout, limit), None
        except child.Late as late:
            # Only the delay of the last operation is not reported yet.
            silent = min(late.done, len(paths) - 1)
        # What the lost child had read is read once more.
        try:
            return self._child.ask(("_each", method, paths[:silent]), timeout, limit) if silent else [], silent
        except child.Late:
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
    """The paths in a process's table of mappings that may be device files (proc_pid_maps(5): the sixth column)."""
    if not _may_be_devices(table):
        return []
    paths = {line.split(None, 5)[-1].strip() for line in table.splitlines() if _may_be_devices(line)}
    return sorted(path.decode(errors="replace") for path in paths)


def _may_be_devices(text: bytes) -> bool:
    return b"/dev/" in text or b"/resource" in text
