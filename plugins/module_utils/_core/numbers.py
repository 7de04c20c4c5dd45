# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The numbers that users write: a duration and a count.

Python's own ``float`` and ``int``, and with them Ansible's types, take ``inf``, ``nan``, ``1_000``, ``True`` and the
digits of every alphabet. An option that is a number has the type ``raw``, and its value comes here.
"""

from __future__ import annotations

import re
from typing import Any

SHORTEST, LONGEST = 0.1, 86400.0
# More than any number needs; Python makes no text of an integer of some thousand.
DIGITS = 20
WHOLE = re.compile(r"[0-9]{1,20}\Z")
DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?\Z")
# Characters of a value in a sentence.
SHOWN = 40


def duration(value: Any, option: str) -> float:
    """Seconds from 0.1 to one day, of a number or of its text; ValueError with a sentence about ``option``."""
    is_number = is_whole(value) or isinstance(value, float) or isinstance(value, str) and DECIMAL.match(value)
    seconds = float(value) if is_number else -1.0
    if SHORTEST <= seconds <= LONGEST:
        return seconds
    raise ValueError(f"{option} must be a number of seconds from {SHORTEST:g} to {LONGEST:g}, and not {shown(value)}")


def count(value: Any, option: str, least: int, most: int, word: str | None = None) -> int:
    """A whole number from ``least`` (0 or more) to ``most``, of a number or of its text; ValueError with a sentence.

    ``word`` is what ``option`` may be instead, for the sentence.
    """
    number = int(value) if is_whole(value) else -1
    if least <= number <= most:
        return number
    instead = f", or {word}" if word else ""
    raise ValueError(f"{option} must be a whole number from {least} to {most}{instead}, and not {shown(value)}")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number of 0 or more that a count may be, or its text."""
    if isinstance(value, str):
        return WHOLE.match(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**DIGITS


def shown(value: Any) -> str:
    """A value in a sentence, as YAML has it; of a long one the beginning, of a list only that it is."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(value[:SHOWN]) + ("..." if len(value) > SHOWN else "")
    if isinstance(value, int) and abs(value) >= 10**SHOWN:
        return f"a number of more than {SHOWN} digits"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return "a dictionary"
    return "a list" if isinstance(value, (list, tuple)) else "an object"
