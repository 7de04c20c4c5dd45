# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the collection returns for each recorded host."""

from __future__ import annotations

from ..layout import pretty
from . import HOSTS, hosts
from .expected import expected
from .replay import load

WIDTH = 140


def renew() -> None:
    """Write a file of facts and a file of expected results for each host."""
    for name in hosts():
        said = expected(load(HOSTS / name))
        facts = said.pop("facts")
        (HOSTS / name / "facts.json").write_text(pretty(facts, WIDTH) + "\n", encoding="utf-8")
        (HOSTS / name / "answers.json").write_text(pretty(said, WIDTH) + "\n", encoding="utf-8")
