# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What an error of the operating system means and how it is named."""

from __future__ import annotations

import errno
import os

# Errors of the kernel for missing files, and for values that a driver does not have.
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ESRCH, errno.EOPNOTSUPP)
DENIED = (errno.EACCES, errno.EPERM)


def is_deadline(error: OSError) -> bool:
    """Whether a deadline of ours has passed; a driver that returns ETIMEDOUT has at least answered."""
    return isinstance(error, TimeoutError) and error.errno is None


def error_name(error: OSError) -> str:
    """``EBUSY`` for errno 16."""
    if error.errno == errno.EOPNOTSUPP:
        # What the kernel's sources and everybody else say; Python has two names for it.
        return "EOPNOTSUPP"
    return errno.errorcode.get(error.errno or 0, "an unknown error")


def describe(error: OSError) -> str:
    """``EBUSY (Device or resource busy)``."""
    return f"{error_name(error)} ({error.strerror or os.strerror(error.errno or 0)})"
