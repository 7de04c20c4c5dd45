# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plain access to the files below one root; only HostRoot uses it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Protocol, TypeVar, Union

from . import child as _child

Value = TypeVar("Value")
Targets = list[tuple[str, Union[str, OSError]]]
Mapped = dict[str, Union[list[str], int]]

# Ends the name of a file that is not yet in its place.
UNFINISHED = ".vfio-devices-new"


class Files(Protocol):
    """File access below one root. :class:`OperatingSystemFiles` is the real one, a test brings its own.

    Each method raises ``OSError`` with the kernel's errno. ``locked`` is the descriptor that :meth:`lock` has locked.
    """

    locked: int | None

    def read(self, path: str) -> bytes:
        """The content of a file, at most its first MiB."""

    def list(self, path: str) -> list[str]:
        """The names in a directory."""

    def link(self, path: str) -> str:
        """Where a symbolic link points to."""

    def link_below(self, directory: str, path: str) -> str:
        """The same for one of many links below a directory."""

    def links(self, directory: str) -> Targets:
        """The names in a directory, each with its target as a symbolic link, or why there is none."""

    def mapped(self, paths: Sequence[str]) -> Mapped:
        """By path of a process's ``maps`` the device files in it, or the errno why there are none."""

    def device(self, path: str) -> str | None:
        """``major:minor`` of a character device, or None."""

    def exists(self, path: str) -> bool:
        """Whether there is something at a path."""

    def write(self, path: str, data: bytes) -> None:
        """Write into a file that is there, in one piece."""

    def replace(self, path: str, data: bytes) -> None:
        """Make or replace an ordinary file at once."""

    def symlink(self, path: str, target: str) -> None:
        """Make or replace a symbolic link at once."""

    def unlink(self, path: str) -> None:
        """Remove a file or a symbolic link."""

    def lock(self, path: str) -> str | None:
        """Lock a file until this process ends; None, or what the one that has it locked wrote into it."""

    def attempt(self, action: Callable[[], Value], timeout: float) -> Value:
        """What an action returns; ``TimeoutError`` after so many seconds."""

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """What one of these methods returns; ``TimeoutError`` after so many seconds."""

    def now(self) -> float:
        """Seconds since some point."""

    def pause(self, seconds: float) -> None:
        """Let so many seconds pass."""


class OperatingSystemFiles:
    """The files of the running system, or of a tree that looks like one, below ``root``."""

    # An attribute of sysfs is never longer than one page, and 64 KiB is the largest page of any architecture.
    CHUNK = 65536
    LIMIT = 1 << 20

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"
        self.locked: int | None = None
        self._directory: tuple[int, str, int] | None = None
        self._child = _child.Child(lambda request: getattr(self, request[0])(*request[1:]))

    def read(self, path: str) -> bytes:
        """The first MiB of the file; never waits for a FIFO's other end."""
        descriptor = os.open(self._prefix + path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            content = part = os.read(descriptor, self.CHUNK)
            # Only sysfs promises the whole value in one read.
            while part and not path.startswith("sys/") and len(content) < self.LIMIT:
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

    def mapped(self, paths: Sequence[str]) -> Mapped:
        found: Mapped = {}
        for path in paths:
            try:
                with open(self._prefix + path, "rb") as lines:
                    found[path] = devices_in_maps(lines)
            except OSError as error:
                found[path] = error.errno or errno.EIO
        return found

    def device(self, path: str) -> str | None:
        try:
            status = os.stat(self._prefix + path)
        except OSError:
            return None
        if not stat.S_ISCHR(status.st_mode):
            return None
        return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"

    def exists(self, path: str) -> bool:
        return os.path.exists(self._prefix + path)

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
        """Write a file beside its place and rename it, so that nobody ever sees a half of it."""

        def write(directory: int, name: str) -> None:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666, dir_fd=directory)
            try:
                rest = data
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            finally:
                os.close(descriptor)

        self._put(path, write)

    def symlink(self, path: str, target: str) -> None:
        """The same for a symbolic link."""

        def link(directory: int, name: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=directory)
            os.symlink(target, name, dir_fd=directory)

        self._put(path, link)

    def unlink(self, path: str) -> None:
        os.unlink(self._prefix + path)

    def lock(self, path: str) -> str | None:
        """Lock a file until this process ends; return None, or what the one that has it locked wrote into it."""
        os.makedirs(os.path.dirname(self._prefix + path), exist_ok=True)
        descriptor = os.open(self._prefix + path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace")
            os.close(descriptor)
            return holder or "somebody"
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"pid {os.getpid()}".encode())
        self.locked = descriptor
        return None

    def _put(self, path: str, make: Callable[[int, str], None]) -> None:
        """Let ``make`` make something of an unfinished name in the directory of a file, and give it the file's name."""
        above, name = os.path.split(self._prefix + path)
        unfinished = f".{name}{UNFINISHED}"

        def put(directory: int) -> None:
            make(directory, unfinished)
            os.rename(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)

        self._inside(above, put, create=True)

    def _inside(self, directory: str, action: Callable[[int], Value], create: bool = False) -> Value:
        """What an action returns that finds its file in a directory that is kept open, and is made with ``create``."""
        try:
            return action(self._opened(directory))
        except FileNotFoundError:
            # The directory may have been removed or made anew since it was opened.
            self._close()
            if create:
                os.makedirs(directory, exist_ok=True)
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
        return _child.run(action, timeout)

    def in_time(self, timeout: float, method: str, *arguments: Any) -> Any:
        """What a method of these files returns in the common child; ``TimeoutError`` after ``timeout`` seconds."""
        return self._child.ask((method, *arguments), timeout)

    def now(self) -> float:
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


def devices_in_maps(lines: Iterable[bytes]) -> list[str]:
    """The paths in a process's table of mappings that may be device files (proc_pid_maps(5): the sixth column)."""
    paths = {line.split(None, 5)[-1].strip() for line in lines if b"/dev/" in line or b"/resource" in line}
    return sorted(path.decode(errors="replace") for path in paths)
