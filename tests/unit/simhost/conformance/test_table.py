# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the table of comparisons lists every test of this directory, in order."""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[2] / "simhost" / "CONFORMANCE.md"


def behaviours(path: Path) -> list[str]:
    """Return the docstrings of the tests in a file."""
    tests = ast.parse(path.read_text(encoding="utf-8")).body
    named = [test for test in tests if isinstance(test, ast.FunctionDef) and test.name.startswith("test_")]
    return [str(ast.get_docstring(test)) for test in named]


def test_table_is_complete() -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ")[0][2:] for line in lines if line.startswith("| ")]
    files = sorted(path for path in HERE.glob("test_*.py") if path != Path(__file__))
    assert [row for row in rows if row != "Behaviour"] == [text for path in files for text in behaviours(path)]
