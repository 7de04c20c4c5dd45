# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Replace ordinary files of the running system, with mode, owner and extended attributes as asked."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re

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
    """All of a file; ``OSError`` if it is a link."""
    with os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        return file.read()


def blocking_parent(place: str) -> str | None:
    """The path of a file where an absolute path needs a directory, or None."""
    above = os.path.dirname(place)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return None if os.path.isdir(above) else above


def put(place: str, content: bytes, mode: int, uid: int, gid: int) -> None:
    """Make or replace a file, with the directories above it: after a power failure there is the old or the new one."""

    def prepare(descriptor: int) -> None:
        _copy_attributes(place, descriptor)
        set_access(descriptor, mode, uid, gid)

    durable.replace(place, content, prepare)


def set_access(file: int | str, mode: int, uid: int, gid: int) -> None:
    """Give a file mode and owner; the owner first, since a change of it takes the bits of set-user-ID away."""
    status = os.stat(file)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(file, uid, gid)
    os.chmod(file, mode)


def _copy_attributes(place: str, descriptor: int) -> None:
    """The SELinux context and the access list of a file that is replaced, where its file system has them."""
    # Only Linux has these calls, and the controller may be another system.
    with contextlib.suppress(OSError, AttributeError):
        for attribute in os.listxattr(place, follow_symlinks=False):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, attribute, os.getxattr(place, attribute, follow_symlinks=False))
