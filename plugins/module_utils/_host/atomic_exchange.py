# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Replace or remove a file only if it is still the expected one, although another program may replace it at any time.

A check before a rename does not suffice: the rename would replace a file that appears between them. So a new file gets
its name by a hard link, which fails if the name exists. An existing file is first swapped out, then checked, and put
back if it is not the expected one.
"""

from __future__ import annotations

import errno
import os
from typing import Callable

# Receives a path. Returns whether a file is there, or raises if its state is not the expected one.
Confirm = Callable[[str], bool]
# The flag of renameat2(2) that swaps two names.
RENAME_EXCHANGE = 2
# Errors of file systems without hard links or only with some (mergerfs), and of file systems and kernels without
# RENAME_EXCHANGE.
UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK, errno.EXDEV)


def replace(directory: int, above: str, new: str, name: str, confirm: Confirm) -> None:
    """Give the file ``new`` the ``name`` of the expected file; ``above`` is the path of ``directory``.

    If the file system does not support links or swaps, only a check directly before the rename protects other files.
    """
    if not confirm(os.path.join(above, name)):
        _create(directory, above, new, name, confirm)
        return
    own = os.stat(new, dir_fd=directory).st_ino
    if not _swap(directory, new, name):
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
        return
    former = os.path.join(above, new)
    if not os.path.lexists(former):
        # Some FUSE file systems ignore the flag and rename the file.
        return
    try:
        confirm(former)
    except BaseException:
        _swap(directory, new, name)
        if os.lstat(new, dir_fd=directory).st_ino != own:
            # A third file has replaced the new one meanwhile. The latest file keeps the name.
            _swap(directory, new, name)
        raise


def remove(directory: int, above: str, name: str, aside: str, confirm: Confirm) -> None:
    """Remove the expected file; ``aside`` is a free name in the directory."""
    confirm(os.path.join(above, name))
    os.rename(name, aside, src_dir_fd=directory, dst_dir_fd=directory)
    try:
        confirm(os.path.join(above, aside))
    except BaseException:
        _put_back(directory, aside, name)
        raise
    os.unlink(aside, dir_fd=directory)


def _create(directory: int, above: str, new: str, name: str, confirm: Confirm) -> None:
    try:
        os.link(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except FileExistsError:
        confirm(os.path.join(above, name))
        raise
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)


def _put_back(directory: int, aside: str, name: str) -> None:
    """Give a file its name again, unless another file has it now."""
    try:
        os.link(aside, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileExistsError:
        pass
    except OSError:
        # A directory, or a file system without hard links.
        os.rename(aside, name, src_dir_fd=directory, dst_dir_fd=directory)
        return
    os.unlink(aside, dir_fd=directory)


def _swap(directory: int, one: str, other: str) -> bool:
    """Swap two names in one step; return False if the system does not support this."""
    try:
        # Only needed to replace a file.
        import ctypes

        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (ImportError, OSError, AttributeError):
        return False
    if call(directory, os.fsencode(one), directory, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number))
