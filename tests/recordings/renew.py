# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the collection returns for each recorded host."""

from __future__ import annotations

import json
from typing import Any

from . import HOSTS, hosts
from .expected import expected
from .replay import load

WIDTH = 140


def renew() -> None:
    """Write a file of facts and a file of expected results for each host."""
    for name in hosts():
        said = expected(load(HOSTS / name))
        facts = said.pop("facts")
        (HOSTS / name / "facts.json").write_text(pretty(facts) + "\n", encoding="utf-8")
        (HOSTS / name / "answers.json").write_text(pretty(said) + "\n", encoding="utf-8")


def pretty(value: Any, indent: int = 0) -> str:
    """Return JSON in which lists and dictionaries are on one line if they fit."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(line) + indent <= WIDTH:
        return line
    margin = " " * (indent + 1)
    if isinstance(value, dict):
        opening, closing = "{}"
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {pretty(one, indent + 1)}" for key, one in value.items()]
    else:
        opening, closing = "[]"
        parts = [pretty(one, indent + 1) for one in value]
    return f"{opening}\n{margin}" + f",\n{margin}".join(parts) + f"\n{' ' * indent}{closing}"
