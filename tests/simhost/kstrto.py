# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's parsers for values written to attribute files (lib/kstrtox.c, lib/uuid.c)."""

from __future__ import annotations

import errno
import os
import re

_NUMBER = re.compile(rb"\+?(?:0[xX](?P<hexadecimal>[0-9a-fA-F]+)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]*))\n?")
_DECIMAL = re.compile(rb"\+?(?P<decimal>[0-9]+)\n?")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_LENGTH = 36


def error(number: int) -> OSError:
    """Return the OSError for an errno with the text of the C library."""
    return OSError(number, os.strerror(number))


def text(data: bytes) -> bytes:
    """Return what a C string function reads from a written buffer: everything before the first NUL."""
    return data.split(b"\0", 1)[0]


def unsigned(data: bytes, bits: int, base: int = 0) -> int:
    """Parse an unsigned number of ``bits`` bits; base 0 accepts 0x and octal prefixes, base 10 does not.

    Raises OSError: EINVAL if it is not a number, ERANGE if it does not fit (kstrtoull).
    """
    match = (_NUMBER if base == 0 else _DECIMAL).fullmatch(text(data))
    if match is None:
        raise error(errno.EINVAL)
    groups = match.groupdict()
    if groups.get("hexadecimal"):
        value = int(groups["hexadecimal"], 16)
    elif groups.get("octal"):
        value = int(groups["octal"], 8)
    else:
        value = int(groups["decimal"])
    if value >= 1 << bits:
        raise error(errno.ERANGE)
    return value


def boolean(data: bytes) -> bool:
    """Parse a boolean: y, t, 1, on or n, f, 0, off in any case; only the first letters count (kstrtobool).

    Raises OSError: EINVAL for other texts.
    """
    word = text(data).lower()
    if word[:1] in (b"y", b"t", b"1") or word[:2] == b"on":
        return True
    if word[:1] in (b"n", b"f", b"0") or word[:2] == b"of":
        return False
    raise error(errno.EINVAL)


def uuid(data: bytes) -> str:
    """Parse a write to ``create`` to a UUID in lower case (drivers/vfio/mdev/mdev_sysfs.c, create_store).

    It has 36 or 37 bytes, and the 37th is ignored. Raises OSError: EINVAL.
    """
    if len(data) not in (_UUID_LENGTH, _UUID_LENGTH + 1) or not _UUID.fullmatch(data[:_UUID_LENGTH]):
        raise error(errno.EINVAL)
    return data[:_UUID_LENGTH].decode("ascii").lower()


def word(data: bytes) -> str:
    """Parse a name with or without a newline, like bus files do (sysfs_streq)."""
    value = text(data)
    return value.removesuffix(b"\n").decode("utf-8", "replace")
