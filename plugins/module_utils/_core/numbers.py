# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Parse the numbers in options: durations and counts.

Python's ``float`` and ``int``, and so Ansible's types, accept ``inf``, ``nan``, ``1_000``, ``True`` and the digits of
every alphabet. Numeric options therefore have the type ``raw`` and are parsed here.
"""

from __future__ import annotations

from typing import Any

from .patterns import lazy_pattern

SHORTEST, LONGEST = 0.1, 86400.0
# Larger numbers are never needed, and Python refuses to print integers of some thousand digits.
DIGITS = 20
WHOLE = lazy_pattern(r"[0-9]{1,20}\Z")
DECIMAL = lazy_pattern(r"[0-9]{1,20}(\.[0-9]{1,20})?\Z")
# In characters: the longest part of a value that a message shows.
SHOWN = 40


def duration(value: Any, option: str) -> float:
    """Return a number, or the text of one, as seconds from 0.1 to one day; ``ValueError`` names ``option``."""
    is_number = is_whole(value) or isinstance(value, float) or isinstance(value, str) and DECIMAL.match(value)
    seconds = float(value) if is_number else -1.0
    if SHORTEST <= seconds <= LONGEST:
        return seconds
    raise ValueError(f"{option} must be a number of seconds from {SHORTEST:g} to {LONGEST:g}, and not {shown(value)}")


def count(value: Any, option: str, least: int, most: int, word: str | None = None, unit: str = "") -> int:
    """Return a whole number, or the text of one, from ``least`` (0 or more) to ``most``.

    Raises ``ValueError`` that names ``option``, its ``unit``, and ``word`` as the accepted alternative to a number.
    """
    number = int(value) if is_whole(value) else -1
    if least <= number <= most:
        return number
    instead = f", or {word}" if word else ""
    of_unit = f" of {unit}" if unit else ""
    what = f"a whole number{of_unit} from {least} to {most}{instead}"
    raise ValueError(f"{option} must be {what}, and not {shown(value)}")


def is_whole(value: Any) -> bool:
    """Return whether a value is a non-negative whole number, or the text of one."""
    if isinstance(value, str):
        return WHOLE.match(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**DIGITS


def shown(value: Any) -> str:
    """Return a value for a message, in YAML spelling; long texts are shortened, lists and dictionaries only named."""
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
