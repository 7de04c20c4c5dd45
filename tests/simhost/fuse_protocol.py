# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's FUSE protocol, as far as the simulated hosts need it (include/uapi/linux/fuse.h).

Spoken directly, for two reasons: a call that the model blocks is simply not answered yet, which needs no
thread; and an answer takes microseconds, which a general library in Python does not reach.
"""

from __future__ import annotations

import enum
import struct

MAJOR = 7
MINOR = 36
MAX_WRITE = 1 << 16
BUFFER_SIZE = MAX_WRITE + 4096
UNKNOWN_INODE = 0xFFFFFFFF


class Opcode(enum.IntEnum):
    """The requests that are understood; all others are answered with ENOSYS."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    READLINK = 5
    SYMLINK = 6
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    CREATE = 35
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    RENAME2 = 45


class InitFlag(enum.IntFlag):
    """What is agreed on at INIT."""

    ASYNC_READ = 1 << 0
    ATOMIC_O_TRUNC = 1 << 3
    BIG_WRITES = 1 << 5
    PARALLEL_DIROPS = 1 << 18


class OpenFlag(enum.IntFlag):
    """How the kernel treats an open file."""

    DIRECT_IO = 1 << 0
    NOFLUSH = 1 << 5
    PARALLEL_DIRECT_WRITES = 1 << 6


class SetattrFlag(enum.IntFlag):
    """Which fields of a SETATTR request count."""

    MODE = 1 << 0
    SIZE = 1 << 3


REQUEST = struct.Struct("<IIQQIIII")
REPLY = struct.Struct("<IiQ")
ATTRIBUTES = struct.Struct("<6Q10I")
ENTRY = struct.Struct("<QQQQII")
ATTR_HEADER = struct.Struct("<QII")
INIT_REQUEST = struct.Struct("<IIII")
INIT_REPLY = struct.Struct("<IIIIHHIIHHI28x")
SETATTR_REQUEST = struct.Struct("<II6Q8I")
OPEN_REQUEST = struct.Struct("<II")
OPEN_REPLY = struct.Struct("<QII")
CREATE_REQUEST = struct.Struct("<IIII")
READ_REQUEST = struct.Struct("<QQIIQII")
WRITE_REQUEST = struct.Struct("<QQIIQII")
WRITE_REPLY = struct.Struct("<II")
RELEASE_REQUEST = struct.Struct("<QIIQ")
RENAME_REQUEST = struct.Struct("<Q")
RENAME2_REQUEST = struct.Struct("<QII")
MKDIR_REQUEST = struct.Struct("<II")
FORGET_REQUEST = struct.Struct("<Q")
BATCH_FORGET_REQUEST = struct.Struct("<II")
FORGET_ONE = struct.Struct("<QQ")
STATFS_REPLY = struct.Struct("<5Q4I24x")
DIRECTORY_ENTRY = struct.Struct("<QQII")


def init_reply(body: bytes) -> bytes:
    """Agree on the protocol's version and limits."""
    _, minor, readahead, offered = INIT_REQUEST.unpack_from(body)
    wanted = (InitFlag.ASYNC_READ | InitFlag.ATOMIC_O_TRUNC | InitFlag.BIG_WRITES | InitFlag.PARALLEL_DIROPS) & offered
    return INIT_REPLY.pack(MAJOR, min(minor, MINOR), readahead, wanted, 0, 0, MAX_WRITE, 1, 0, 0, 0)


def attributes(inode: int, mode: int, size: int, seconds: float, owner: tuple[int, int]) -> bytes:
    """struct fuse_attr"""
    whole, fraction = int(seconds), int(seconds % 1 * 1e9)
    blocks = (size + 511) // 512
    return ATTRIBUTES.pack(
        inode, size, blocks, whole, whole, whole, fraction, fraction, fraction, mode, 1, *owner, 0, 4096, 0
    )


def entry(inode: int, name_seconds: int, attribute_seconds: int, attribute_bytes: bytes) -> bytes:
    """struct fuse_entry_out; the name and the attributes may be remembered for so many seconds."""
    return ENTRY.pack(inode, 0, name_seconds, attribute_seconds, 0, 0) + attribute_bytes


def directory(entries: list[tuple[str, int]], start: int, size: int) -> bytes:
    """As many struct fuse_dirent, (name, mode), from a position as fit into ``size`` bytes."""
    packed = bytearray()
    for position in range(start, len(entries)):
        name, mode = entries[position]
        raw = name.encode("utf-8", "surrogateescape")
        record = DIRECTORY_ENTRY.pack(UNKNOWN_INODE, position + 1, len(raw), mode >> 12) + raw
        record += b"\0" * (-len(record) % 8)
        if len(packed) + len(record) > size:
            break
        packed += record
    return bytes(packed)


def names(body: bytes) -> list[str]:
    """The NUL-terminated names at the end of a request."""
    return [raw.decode("utf-8", "surrogateescape") for raw in body.split(b"\0")[:-1]]
