# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extract the code blocks of a document with their sections."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"```(\w*)\s*\Z")
DIRECTIVE = re.compile(r"( *)\.\. code-block:: *(\S*)\s*\Z")
# A line before a code block without language.
NAMELESS = re.compile(r"(?!\s*\.\. ).*::\s*\Z")
UNDERLINE = re.compile(r"([=\-~^\"])\1{2,}\s*\Z")


@dataclass(frozen=True)
class Block:
    section: str
    language: str
    text: str


def of(path: Path) -> list[Block]:
    """Return all blocks of a Markdown or reStructuredText file in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(_markdown(lines) if path.suffix == ".md" else _restructured(lines))


def _markdown(lines: list[str]) -> Iterator[Block]:
    section = ""
    language: str | None = None
    inside: list[str] = []
    for line in lines:
        fence = FENCE.match(line)
        if language is None:
            if fence:
                language, inside = fence[1], []
            elif line.startswith("#"):
                section = line.lstrip("#").strip()
        elif fence:
            yield Block(section, language, "\n".join(inside) + "\n")
            language = None
        else:
            inside.append(line)
    if language is not None:
        raise ValueError(f"the last block of {section} does not end")


def _restructured(lines: list[str]) -> Iterator[Block]:
    section, number = "", 0
    while number < len(lines):
        line = lines[number]
        number += 1
        directive = DIRECTIVE.match(line)
        if UNDERLINE.match(line) and number > 1 and lines[number - 2].strip():
            section = lines[number - 2].strip()
        elif directive:
            inside: list[str] = []
            while number < len(lines) and (not lines[number].strip() or _indent(lines[number]) > len(directive[1])):
                inside.append(lines[number])
                number += 1
            # The options of the directive end at the first empty line.
            start = inside.index("") if "" in inside else 0
            text = textwrap.dedent("\n".join(inside[start:])).strip("\n") + "\n"
            yield Block(section, directive[2], text)
        elif NAMELESS.match(line):
            raise ValueError(f"line {number} begins a block without a language: {line}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
