# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out whether a card has a serial number in its Vital Product Data (PCI 2.2, appendix I).

nova identifies the remote host of a DPU by this number, which libvirt reads (src/util/virpcivpd.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .pci import DEVICES

ATTRIBUTE = "vpd"
LARGE, END, READ_ONLY = 0x80, 0x0F, 0x10
SERIAL_NUMBER, CHECKSUM = b"SN", b"RV"
# Other characters make libvirt skip the field.
TEXT = lazy_pattern(rb"[a-zA-Z0-9\-_\s,.:=]+\Z")


def has_serial_number(host: HostRoot, address: str) -> bool | None:
    """Return whether a card has a serial number; None after a warning if its data cannot be read.

    A read asks the firmware of the card for each word, and may take seconds.
    """
    path = f"{DEVICES}/{address}/{ATTRIBUTE}"
    if not host.exists(path):
        return False
    content = host.read_bytes(path)
    if content is None:
        return None
    return any(_has_number(content, begin, end) for tag, begin, end in _resources(content) if tag == READ_ONLY)


def _resources(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield tag, start and end of each resource."""
    place = 0
    while place + 3 <= len(content):
        first = content[place]
        if not first & LARGE:
            if (first >> 3) & END == END:
                return
            place += 1 + (first & 7)
            continue
        begin = place + 3
        place = begin + content[place + 1] + 256 * content[place + 2]
        if place > len(content):
            return
        yield first & ~LARGE, begin, place


def _has_number(content: bytes, begin: int, end: int) -> bool:
    """Return whether a read-only resource has a serial number, and a checksum that fits if it has one."""
    found, place = False, begin
    while place + 3 <= end:
        keyword, start = content[place : place + 2], place + 3
        place = start + content[place + 2]
        if place > end:
            return False
        if keyword == CHECKSUM:
            return found and sum(content[: start + 1]) % 256 == 0
        value = content[start:place].strip(b"\0 ")
        found = found or keyword == SERIAL_NUMBER and bool(TEXT.match(value))
    return found
