# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Write ordinary files that have either their old or their new content after a power failure.

Without an fsync of the file before the rename, a file system may keep the new name and lose the content. Without an
fsync of the directory after it, the rename may be lost although the call has returned.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Callable

from . import atomic_exchange

# Suffix of files that are not yet renamed.
UNFINISHED = ".vfio-devices-new"
# In bytes: a file name has at most 255, and the temporary name is longer than the final one.
LONGEST = 200
# Independent of the umask, because root runs some of these files.
FILE_MODE, DIRECTORY_MODE = 0o644, 0o755
# Remedies by errno for errors of file systems.
REMEDIES = {
    errno.ENOSPC: "its file system is full: free some space there",
    errno.EDQUOT: "the quota of its file system is used up: raise it",
    errno.EROFS: "its file system is read-only: repair it or mount it read-write",
    errno.EIO: "its file system or disk fails: read dmesg",
    errno.EACCES: "run as root (become: true)",
    errno.EPERM: "run as root (become: true), and check for an immutable file (lsattr) or another owner",
    errno.ENOTDIR: "a file is at the path of a directory: move the file",
    errno.EISDIR: "a directory is at the path of the file: move the directory",
    errno.ELOOP: "a symbolic link is at its path: remove the link",
}


def replace(
    path: str,
    data: bytes,
    prepare: Callable[[int], None] | None = None,
    confirm: atomic_exchange.Confirm | None = None,
) -> None:
    """Create or replace a file and create missing directories above it; raise ``OSError`` on failure.

    ``prepare`` receives the descriptor of the new file before the rename. It sets mode, owner and attributes instead of
    the default mode. ``confirm`` raises if the file is not the expected one; then the file stays at its path.
    """

    def write(directory: int, name: str) -> None:
        _write(directory, name, data, prepare)

    _put(path, write, confirm)


def symlink(path: str, target: str) -> None:
    """Create or replace a symbolic link, with the same guarantees as :func:`replace`."""
    _put(path, lambda directory, name: os.symlink(target, name, dir_fd=directory))


def unlink(path: str, confirm: atomic_exchange.Confirm | None = None) -> None:
    """Remove a file or symbolic link durably. ``confirm`` raises to keep the file."""
    above, name = os.path.split(path)
    directory = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if confirm:
            atomic_exchange.remove(directory, above, name, _unfinished(name), confirm)
        else:
            os.unlink(name, dir_fd=directory)
        _sync_directory(directory)
    finally:
        os.close(directory)


def open_directory(path: str) -> int:
    """Return a descriptor of a directory; create it and its parents if they are missing."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        pass
    above, name = os.path.split(path)
    parent = open_directory(above)
    try:
        made = False
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, DIRECTORY_MODE, dir_fd=parent)
            made = True
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
        if made:
            os.fchmod(descriptor, DIRECTORY_MODE)
            _sync_directory(parent)
        return descriptor
    finally:
        os.close(parent)


def try_to_write(path: str, size: int) -> None:
    """Create a file of ``size`` bytes in a directory and remove it; raise ``OSError`` on failure."""
    directory = open_directory(path)
    name = f".room{UNFINISHED}"
    try:
        with _cleared(directory, name):
            # A compressing file system has room for any number of zeros.
            _write(directory, name, os.urandom(size))
    finally:
        os.close(directory)


def look_for_room(path: str, size: int) -> None:
    """Raise ``OSError`` if a directory is read-only or has less than ``size`` bytes free; write nothing.

    If the directory is missing, the existing one above it counts, in which it will be created.
    """
    while True:
        try:
            found = os.statvfs(path)
            break
        except (FileNotFoundError, PermissionError):
            # Check mode may run without root, who alone can read some directories.
            path = os.path.dirname(path)
    if found.f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    # Root can write everything except immutable files and directories (fs/namei.c, inode_permission).
    if os.geteuid() == 0 and not os.access(path, os.W_OK):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
    free = found.f_bavail if os.geteuid() else found.f_bfree
    if free * found.f_frsize < size or (found.f_files and not found.f_ffree):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _put(path: str, make: Callable[[int, str], None], confirm: atomic_exchange.Confirm | None = None) -> None:
    """Let ``make`` create a temporary name in the directory of ``path``, and rename it."""
    above, name = os.path.split(path)
    unfinished = _unfinished(name)
    directory = open_directory(above)
    try:
        with _cleared(directory, unfinished):
            make(directory, unfinished)
            if confirm:
                atomic_exchange.replace(directory, above, unfinished, name, confirm)
            else:
                os.rename(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
        _sync_directory(directory)
    finally:
        os.close(directory)


def _unfinished(name: str) -> str:
    """Return the temporary name of a file."""
    return f".{os.fsdecode(os.fsencode(name)[:LONGEST])}{UNFINISHED}"


@contextlib.contextmanager
def _cleared(directory: int, name: str) -> Iterator[None]:
    """Remove ``name`` before and after the block, also after a failure, because a leftover file takes space."""
    _remove(directory, name)
    try:
        yield
    finally:
        _remove(directory, name)


def _remove(directory: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)


def _write(directory: int, name: str, data: bytes, prepare: Callable[[int], None] | None = None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    try:
        rest = data
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if prepare:
            prepare(descriptor)
        else:
            os.fchmod(descriptor, FILE_MODE)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_directory(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems do not support fsync of a directory.
        if error.errno != errno.EINVAL:
            raise
