# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Classify and name errors of the operating system."""

from __future__ import annotations

import errno
import os

# Errors for missing files, for directories in place of files, and for values that a driver does not support.
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ESRCH, errno.EOPNOTSUPP)
DENIED = (errno.EACCES, errno.EPERM)


def is_deadline(error: OSError) -> bool:
    """Return whether our own deadline has passed; ETIMEDOUT does not count, because the driver has answered."""
    return isinstance(error, TimeoutError) and error.errno is None


def error_name(error: OSError) -> str:
    """Return ``EBUSY`` for errno 16."""
    if error.errno == errno.EOPNOTSUPP:
        # Python may return ENOTSUP, the other name of the same number; the kernel sources use EOPNOTSUPP.
        return "EOPNOTSUPP"
    return errno.errorcode.get(error.errno or 0, "an unknown error")


def with_remedy(sentence: str, remedy: str | None) -> str:
    """Return an error with its remedy as the next sentence."""
    return f"{sentence}. {remedy[0].upper()}{remedy[1:]}" if remedy else sentence


def describe(error: OSError) -> str:
    return f"{error_name(error)} ({error.strerror or os.strerror(error.errno or 0)})"
