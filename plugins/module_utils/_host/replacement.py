# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Replace ordinary files of the running system, with mode, owner and extended attributes as asked."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from typing import Callable

from . import durable


def user_id(name: str) -> int:
    """The number of a user of the running system by name or number, or of the own one; ``KeyError`` if unknown."""
    number = _number(name)
    return number if number is not None else pwd.getpwnam(name).pw_uid if name else os.geteuid()


def group_id(name: str) -> int:
    """The same for a group."""
    number = _number(name)
    return number if number is not None else grp.getgrnam(name).gr_gid if name else os.getegid()


def _number(name: str) -> int | None:
    return int(name) if re.match(r"[0-9]{1,9}\Z", name) else None


def is_root(path: str) -> bool:
    """Whether the file system of a host can begin at a path."""
    return os.path.isabs(path) and os.path.isdir(path)


def may_keep(uid: int) -> bool:
    """Whether this process can give a file to a user: only root can give files away."""
    return os.geteuid() in (0, uid)


def read(place: str) -> bytes:
    """All of an ordinary file; ``OSError`` if it is anything else."""
    with _opened(place) as descriptor, open(descriptor, "rb", closefd=False) as file:
        return file.read()


def blocking_parent(place: str) -> str | None:
    """The path of a file where an absolute path needs a directory, or None."""
    above = os.path.dirname(place)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return None if os.path.isdir(above) else above


def obstacle(place: str, size: int) -> OSError | None:
    """Why a file of so many bytes cannot be put at a path or removed from it, as far as that can be seen before."""
    above = os.path.dirname(place)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    try:
        durable.look_for_room(above, size)
    except OSError as error:
        return error
    # Root may write everywhere but into what is immutable (fs/namei.c, inode_permission).
    fixed = os.geteuid() == 0 and any(os.path.exists(one) and not os.access(one, os.W_OK) for one in (above, place))
    return OSError(errno.EPERM, os.strerror(errno.EPERM)) if fixed else None


def put(place: str, content: bytes, mode: int, uid: int, gid: int, confirm: Callable[[], None] | None = None) -> None:
    """Make or replace a file, with the directories above it: after a power failure there is the old or the new one.

    ``confirm`` is called before the file takes its place, and may raise.
    """

    def prepare(descriptor: int) -> None:
        _copy_attributes(place, descriptor)
        _set_access(descriptor, mode, uid, gid)

    durable.replace(place, content, prepare, confirm)


def set_access(place: str, mode: int, uid: int, gid: int, confirm: Callable[[], None] | None = None) -> None:
    """Give an ordinary file mode and owner; ``confirm`` is called when it is open, and may raise."""
    with _opened(place) as descriptor:
        if confirm:
            confirm()
        _set_access(descriptor, mode, uid, gid)


def _set_access(descriptor: int, mode: int, uid: int, gid: int) -> None:
    """The owner first, since a change of it takes the bits of set-user-ID away."""
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(descriptor, uid, gid)
    os.chmod(descriptor, mode)


@contextlib.contextmanager
def _opened(place: str) -> Iterator[int]:
    """A descriptor of an ordinary file. A FIFO at its path would make a plain open wait for ever."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
        yield descriptor
    finally:
        os.close(descriptor)


def _copy_attributes(place: str, descriptor: int) -> None:
    """The SELinux context and the access list of a file that is replaced, where its file system has them."""
    # Only Linux has these calls, and the controller may be another system.
    with contextlib.suppress(OSError, AttributeError):
        for attribute in os.listxattr(place, follow_symlinks=False):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, attribute, os.getxattr(place, attribute, follow_symlinks=False))
