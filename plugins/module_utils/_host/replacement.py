# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Replace ordinary files of the running system with a given mode, owner and extended attributes."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator

from . import atomic_exchange, durable_files
from .errors import describe, with_remedy


def user_id(name: str) -> int:
    """Return the id of a user given by name or number, or of the current user if empty; ``KeyError`` if unknown."""
    number = _number(name)
    return number if number is not None else pwd.getpwnam(name).pw_uid if name else os.geteuid()


def group_id(name: str) -> int:
    """Return the id of a group in the same way as :func:`user_id`."""
    number = _number(name)
    return number if number is not None else grp.getgrnam(name).gr_gid if name else os.getegid()


def _number(name: str) -> int | None:
    return int(name) if re.match(r"[0-9]{1,9}\Z", name) else None


def is_root(path: str) -> bool:
    """Return whether a path can be the root of a host."""
    return os.path.isabs(path) and os.path.isdir(path)


def may_keep(uid: int) -> bool:
    """Return whether this process may change the owner of a file to ``uid``; other users need root."""
    return os.geteuid() in (0, uid)


def read(place: str) -> bytes:
    """Return the content of an ordinary file; raise ``OSError`` if it is anything else."""
    with _opened(place) as descriptor, open(descriptor, "rb", closefd=False) as file:
        return file.read()


def blocking_parent(place: str) -> str | None:
    """Return the file that stands in place of a directory above an absolute path, or None."""
    above = os.path.dirname(place)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return None if os.path.isdir(above) else above


def obstacle(place: str, size: int, action: str) -> str | None:
    """Return why ``size`` bytes cannot be written to a path, or its file cannot be removed, as far as it is visible.

    ``action`` is a participle such as ``replaced``.
    """
    error = _obstacle(place, size)
    if error is None:
        return None
    remedy = durable_files.REMEDIES.get(error.errno or 0)
    return with_remedy(f"{place} cannot be {action}: {describe(error)}", remedy)


def _obstacle(place: str, size: int) -> OSError | None:
    try:
        durable_files.look_for_room(os.path.dirname(place), size)
    except OSError as error:
        return error
    is_immutable = os.geteuid() == 0 and os.path.exists(place) and not os.access(place, os.W_OK)
    return OSError(errno.EPERM, os.strerror(errno.EPERM)) if is_immutable else None


def write_file(
    place: str, content: bytes, mode: int, uid: int, gid: int, confirm: atomic_exchange.Confirm | None = None
) -> None:
    """Create or replace a file and its parent directories; a power failure leaves the old or the new file.

    ``confirm`` raises if the file is not the expected one; then the file stays at its path.
    """

    def prepare(descriptor: int) -> None:
        _copy_attributes(place, descriptor)
        _set_access(descriptor, mode, uid, gid)

    durable_files.replace(place, content, prepare, confirm)


def set_access(place: str, mode: int, uid: int, gid: int, confirm: atomic_exchange.Confirm | None = None) -> None:
    """Set mode and owner of an ordinary file. ``confirm`` is called after opening it. It raises to keep them."""
    with _opened(place) as descriptor:
        if confirm:
            confirm(place)
        _set_access(descriptor, mode, uid, gid)


def _set_access(descriptor: int, mode: int, uid: int, gid: int) -> None:
    """Set the owner first, because changing it clears the set-user-ID bits."""
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(descriptor, uid, gid)
    os.chmod(descriptor, mode)


@contextlib.contextmanager
def _opened(place: str) -> Iterator[int]:
    """Open an ordinary file. Opening a FIFO without O_NONBLOCK blocks forever."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
        yield descriptor
    finally:
        os.close(descriptor)


def _copy_attributes(place: str, descriptor: int) -> None:
    """Copy SELinux context and access list of the replaced file, if its file system supports them."""
    # Only Linux has these calls, and the controller may run another system.
    with contextlib.suppress(OSError, AttributeError):
        for attribute in os.listxattr(place, follow_symlinks=False):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, attribute, os.getxattr(place, attribute, follow_symlinks=False))
