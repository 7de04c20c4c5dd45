# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON for people who compare two versions of a file."""

from __future__ import annotations

import json
from typing import Any


def pretty(value: Any, width: int, indent: int = 0) -> str:
    """Format JSON with each list and dictionary on one line if it fits into ``width``; keep the order of keys."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(line) + indent <= width:
        return line
    margin = " " * (indent + 1)
    if isinstance(value, dict):
        opening, closing = "{}"
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {pretty(one, width, indent + 1)}" for key, one in value.items()
        ]
    else:
        opening, closing = "[]"
        parts = [pretty(one, width, indent + 1) for one in value]
    return f"{opening}\n{margin}" + f",\n{margin}".join(parts) + f"\n{' ' * indent}{closing}"
