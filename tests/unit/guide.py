# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load the examples of the contributor guide as modules, so that tests can add them to the collection."""

from __future__ import annotations

import re
import textwrap
import types
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs/docsite/rst/guide_architecture.rst"
BLOCK = re.compile(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", re.MULTILINE)


def code(section: str) -> str:
    """Return the first Python block of a section."""
    text = GUIDE.read_text(encoding="utf-8").split(f"\n{section}\n{'-' * len(section)}\n", 1)[1]
    match = BLOCK.search(text)
    assert match, f"{section} has no code"
    return textwrap.dedent(match[1]).rstrip() + "\n"


def example(section: str, name: str, package: str) -> types.ModuleType:
    """Return the code of a section as a module of a package, without a file."""
    module = types.ModuleType(f"{package}.{name}")
    module.__package__ = package
    exec(compile(code(section), str(GUIDE), "exec"), vars(module))
    return module
