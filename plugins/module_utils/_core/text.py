# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What a driver, a process or a file of the host says, as text and numbers that can be worked with and shown."""

from __future__ import annotations

import re

# What moves a terminal's cursor, ends a line, or turns the direction of writing.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Lines and columns of a table, and what ends the arguments of a process.
LAYOUT = "\n\t\0"
REPLACEMENT = "\ufffd"
# Python's own int() takes underscores and the digits of every alphabet as well.
DECIMAL = re.compile(r"-?[0-9]{1,18}\Z")
# A host cannot have more VFIO devices than there are minor numbers for their groups (drivers/vfio/group.c, MINORMASK).
MOST = 1 << 20


def printable(text: str, kept: str = LAYOUT) -> str:
    """The text with U+FFFD for each control character that is not in ``kept``."""
    if text.isprintable():
        return text
    return CONTROL.sub(lambda found: found[0] if found[0] in kept else REPLACEMENT, text)


def decimal(text: str | None, least: int = 0, most: int = MOST) -> int | None:
    """The number in a text, or None if the text is not a number from ``least`` to ``most``."""
    if text is None or not DECIMAL.match(text):
        return None
    number = int(text)
    return number if least <= number <= most else None
