# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Turn output of drivers, processes and files into printable text and numbers."""

from __future__ import annotations

from .patterns import lazy_pattern

# Characters that move the terminal cursor, end a line or change the writing direction, and halves of characters, which
# Ansible refuses in a result.
CONTROL = lazy_pattern("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Separators of table rows and columns, and of process arguments.
LAYOUT = "\n\t\0"
REPLACEMENT = "\ufffd"
# Python's int() also accepts underscores and the digits of every alphabet.
DECIMAL = lazy_pattern(r"-?[0-9]{1,18}\Z")
# Each VFIO device group needs a minor number, so no host has more (drivers/vfio/group.c, MINORMASK).
MOST = 1 << 20


def printable(text: str, kept: str = LAYOUT) -> str:
    """Replace each control character that is not in ``kept`` with U+FFFD."""
    if text.isprintable():
        return text
    # Editors of other systems write a line end as two characters, which parsers of services accept.
    return CONTROL.sub(lambda found: found[0] if found[0] in kept else REPLACEMENT, text.replace("\r\n", "\n"))


def decimal(text: str | None, least: int = 0, most: int = MOST) -> int | None:
    """Return the number in a text, or None if the text is not a number from ``least`` to ``most``."""
    if text is None or not DECIMAL.match(text):
        return None
    number = int(text)
    return number if least <= number <= most else None
