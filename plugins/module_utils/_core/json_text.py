# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Parse JSON of programs and files of the host. Escapes in it may stand for characters that no message can have."""

from __future__ import annotations

import json
from typing import Any

from .text import printable

# Every other character was made printable when the text was read.
ESCAPE = "\\u"
# Line ends and tabs may be part of settings.
KEPT = "\n\t"


def load(text: str) -> Any:
    """Return the value of a text; raise ``ValueError`` for other text, and for values that are nested too deeply."""
    try:
        value = json.loads(text)
        return _printable(value) if ESCAPE in text else value
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, KEPT)
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, dict):
        return {_printable(key): _printable(one) for key, one in value.items()}
    return value
