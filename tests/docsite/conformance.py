# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Convert tables and lists of a Markdown file to reStructuredText, to include them in a page."""

from __future__ import annotations

from collections.abc import Iterator


def restructured(markdown: str) -> str:
    """Convert everything after the first heading: headings, paragraphs, lists, tables, and code in backquotes."""
    return "\n".join(_lines(markdown.partition("\n")[2].splitlines())) + "\n"


def _lines(lines: list[str]) -> Iterator[str]:
    in_table = False
    for line in (line.replace("`", "``") for line in lines):
        if line.startswith("## "):
            yield from ["", line[3:], "-" * len(line[3:])]
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not in_table:
                yield from ["", ".. list-table::", "   :header-rows: 1", ""]
            in_table = True
            if set("".join(cells)) - {"-"}:
                yield from [f"   {'* -' if not place else '  -'} {cell}" for place, cell in enumerate(cells)]
        else:
            in_table = False
            yield _without_links(line)


def _without_links(line: str) -> str:
    """Remove links, which point to files that the site lacks, and keep their text."""
    while "](" in line:
        before, _bracket, rest = line.partition("[")
        text, _end, rest = rest.partition("](")
        line = before + text + rest.partition(")")[2]
    return line
