# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Lock a host against other runs, and find the processes that hold the lock."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
from collections.abc import Sequence

from .._core.patterns import lazy_pattern
from .durable_files import open_directory

# Only root may open the file, because any process that opens it can hold the lock.
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
PROCESSES = "/proc"
# The line of fdinfo for a descriptor with a flock(2) lock (fs/proc/fd.c, seq_show).
HELD = lazy_pattern(r"^lock:.*\bFLOCK\b", re.MULTILINE)
SHOWN_HOLDERS, SHOWN_COMMAND = 3, 120


def acquire(path: str) -> int | None:
    """Return a descriptor that holds the lock until all processes close it, or None if another process holds the lock.

    Raises ``OSError`` if the lock cannot be created, and EPERM if another user owns the file or its directory.
    """
    above, name = os.path.split(path)
    directory = open_directory(os.path.dirname(above))
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.basename(above), DIRECTORY_MODE, dir_fd=directory)
        inner = os.open(
            os.path.basename(above), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory
        )
    finally:
        os.close(directory)
    try:
        _own(inner, DIRECTORY_MODE)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, FILE_MODE, dir_fd=inner)
    finally:
        os.close(inner)
    try:
        _own(descriptor, FILE_MODE)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def holders(path: str) -> list[str]:
    """Return the processes that hold the lock now, each as ``pid 4242 (python3 restore.pyz)``.

    The process that took the lock may have ended and left the lock to a program that it started. Therefore all
    processes that have the locked file open are listed. Invisible processes, such as those outside the container, are
    missing.
    """
    try:
        wanted = os.stat(path, follow_symlinks=False)
    except OSError:
        return []
    pids = [name for name in os.listdir(PROCESSES) if name.isdecimal()]
    found = [pid for pid in sorted(pids, key=int) if _holds(pid, wanted)]
    named = [f"pid {pid} ({_command(pid)})" for pid in found[:SHOWN_HOLDERS]]
    return [*named, f"{len(found) - SHOWN_HOLDERS} more"] if len(found) > SHOWN_HOLDERS else named


def describe_holders(path: str, found: Sequence[str], seconds: float) -> str:
    """Describe the processes in ``found``, as returned by :func:`holders`, that block the lock at ``path``."""
    waited = f"{path} was not released within {seconds:g} s"
    if found:
        return (
            f"{waited}: another run on this host has the lock, {', '.join(found)}. "
            "Run the play again when it has finished"
        )
    return f"{waited}, and no visible process has the lock. Run the play on the host itself, and not in a container"


def _own(descriptor: int, mode: int) -> None:
    """Check that this user or root owns a file or directory, and set its mode."""
    found = os.fstat(descriptor)
    if found.st_uid not in (0, os.geteuid()) or not (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)):
        raise OSError(errno.EPERM, f"it belongs to user {found.st_uid}, or is not a file")
    if stat.S_IMODE(found.st_mode) != mode:
        os.fchmod(descriptor, mode)


def _holds(pid: str, wanted: os.stat_result) -> bool:
    directory = f"{PROCESSES}/{pid}/fd"
    # A process may end at any time, and only root sees the descriptors of other users.
    with contextlib.suppress(OSError):
        for number in os.listdir(directory):
            with contextlib.suppress(OSError):
                found = os.stat(f"{directory}/{number}")
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    with open(f"{PROCESSES}/{pid}/fdinfo/{number}", encoding="ascii", errors="replace") as file:
                        if HELD.search(file.read()):
                            return True
    return False


def _command(pid: str) -> str:
    text = ""
    for name in ("cmdline", "comm"):
        with contextlib.suppress(OSError), open(f"{PROCESSES}/{pid}/{name}", "rb") as file:
            text = text or file.read(4096).replace(b"\0", b" ").decode(errors="replace").strip()
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:SHOWN_COMMAND] or "unknown"
