# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Detect whether this collection wrote a file. It never replaces, removes or shows other files."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import stat
from typing import NamedTuple

from .._core.patterns import lazy_pattern

# Settings, units and rules are detected by their first line, which names the part of the collection that writes them.
HEADER = "# Managed by vfio.devices.{}. Manual changes are overwritten.\n"
HEADERS = lazy_pattern(
    rb"# (?:Managed by vfio\.devices\.(\w+)\. |Written by the (?:role|Ansible module) vfio\.devices\.(\w+)"
    rb"|(Settings of \w+), made by vfio\.devices\. |(Made by vfio\.devices for nova-compute)\. )"
)
# Parts by their headers in earlier versions.
FORMER = {
    b"Settings of nova": b"nova_config",
    b"Settings of Cyborg": b"cyborg_config",
    b"Made by vfio.devices for nova-compute": b"provider_config",
}
# The boot program is detected by its first entry, and the report by its generator.
OURS = lazy_pattern(
    rb"PK\x03\x04.{26}__main__\.py.{0,800}?\bvfio_devices\b"
    rb'|<!doctype html>\n?<html lang="en">\n?<head>\n?<meta name="generator" content="vfio\.devices">'
    # The first columns of the report as a table.
    rb"|host,groups,kernel,card,model,ids,kind,numa_node,driver,driver_version,profile,",
    re.DOTALL,
)
# JSON has no comments, so facts that the playbook discover saves are detected by these keys.
FACTS = {"devices", "iommu", "mdevctl", "parents", "physical_functions", "warnings"}
# The report as JSON has this entry.
GENERATOR = ("generator", "vfio.devices")
# The link that enables the boot unit, whatever the path to the unit.
ENABLED = lazy_pattern(r"\.wants/(vfio-devices-restore\.service)\n(?:.*/)?\1\Z")
HEAD = 2048
# In bytes, larger than the report of any fleet. Larger files are not read.
MOST = 1 << 28
PROGRAM = b"PK"
LINK = "a symbolic link"
KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class Entry(NamedTuple):
    """The state of a path. ``kind`` is None for an ordinary file, ``mode`` contains only the permissions.

    ``version`` changes with the file, its content and its access.
    """

    kind: str | None
    is_ours: bool
    is_empty: bool
    mode: int
    uid: int
    gid: int
    version: tuple[int, ...] = ()


def read_entry(place: str) -> Entry | None:
    """Return the state of a path without following links, or None; raise ``OSError`` if it cannot be read."""
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        return None
    kind = KINDS.get(stat.S_IFMT(status.st_mode))
    content = b"" if kind or status.st_size > MOST else _telling(place)
    mode = stat.S_IMODE(status.st_mode)
    ours = is_own_link(place, os.readlink(place)) if kind == LINK else is_ours(content)
    empty = kind is None and not status.st_size
    return Entry(kind, ours, empty, mode, status.st_uid, status.st_gid, version(status))


def version(status: os.stat_result) -> tuple[int, ...]:
    """Return ``version`` of :class:`Entry`, without the inode number, which is not stable on some file systems."""
    return (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_ours(content: bytes) -> bool:
    """Return whether this collection wrote a file that begins with ``content``; JSON must be complete."""
    if content.startswith(b"{"):
        try:
            data = json.loads(content)
        except (ValueError, RecursionError):
            return False
        return isinstance(data, dict) and (set(data) >= FACTS or GENERATOR in data.items())
    return kind(content) is not None


def header(part: str) -> str:
    """Return the first line of a file that a part of this collection writes, such as ``boot_restore``."""
    return HEADER.format(part)


def kind(content: bytes) -> bytes | None:
    """Return the kind of a file of this collection, such as the part that writes it; None for JSON."""
    headed = HEADERS.match(content)
    if headed:
        part: bytes = headed[headed.lastindex or 0]
        return FORMER.get(part, part)
    found = OURS.match(content)
    return found and (PROGRAM if found[0].startswith(PROGRAM) else found[0])


def body(content: bytes) -> bytes:
    """Return a file of this collection without its header."""
    return content.partition(b"\n")[2] if HEADERS.match(content) else content


def is_own_link(place: str, target: str) -> bool:
    """Return whether a symbolic link enables the boot unit of this collection; no other link is ours."""
    return ENABLED.search(f"{place}\n{target}") is not None


def refusal(entry: Entry | None, takes_empty: bool = False) -> str | None:
    """Return why a path must not be written, such as ``is a directory``, or None if it is free or ours.

    ``takes_empty`` accepts empty files. It is for paths that only this collection uses: a power failure may have
    emptied the file.
    """
    if entry is None or entry.is_ours or (takes_empty and entry.is_empty):
        return None
    return f"is {entry.kind}" if entry.kind else "was not written by this collection"


def rename_command(place: str) -> str:
    """Return the command with which an operator frees a path without losing the file."""
    return f"mv {shlex.quote(place)} {shlex.quote(place + '.saved')}"


def _telling(place: str) -> bytes:
    """Return enough of a file to identify its owner; b"" if the path has become a link or is missing."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return b""
        raise
    with os.fdopen(descriptor, "rb") as file:
        head = file.read(HEAD)
        return head + file.read() if head.startswith(b"{") else head
