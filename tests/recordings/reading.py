# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the text of a recording, as ``plugins/module_utils/_capture/archive.py`` writes it."""

from __future__ import annotations

import json
import re
from typing import NamedTuple, Optional

ENTRY = re.compile(r"(?P<name>\"(?:[^\"\\]|\\.)*\"|[^\s\"]+) (?P<sign>=|->|!|%|maps|claimed)(?: (?P<value>.*))?\Z")
KINDS = {"=": "file", "->": "link", "!": "error", "%": "number", "maps": "mapped", "claimed": "claimed"}


class Entry(NamedTuple):
    """An item of a directory: file, link, error, number, mapped, claimed or unread."""

    kind: str
    value: str = ""


class Recording(NamedTuple):
    """The items by directory and name, and by command its status (None: timeout) and output."""

    tree: dict[str, dict[str, Entry]]
    commands: dict[tuple[str, ...], tuple[Optional[int], str]]


def parse(text: str) -> Recording:
    """Parse a recording. Raises ValueError with the line."""
    recording = Recording({}, {})
    lines = text.splitlines()
    path, directory = "", dict[str, Entry]()
    block: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        block = []
        while place < len(lines) and lines[place].startswith("  "):
            block.append(lines[place][2:])
            place += 1
        if not line or line.startswith("#"):
            continue
        if line.startswith("[command] "):
            command = tuple(json.loads(line[len("[command] ") :]))
            status, place, block = _answer(lines, place)
            recording.commands[command] = (status, _text("\n".join(block)))
        elif line.startswith("[/"):
            path = _text(line[2:-1])
            directory = recording.tree.setdefault(path, {})
        elif line.startswith("unread as in /"):
            names = [name for name, entry in recording.tree[line[14:]].items() if entry.kind == "unread"]
            directory.update((name, Entry("unread")) for name in names)
        elif line.startswith("unread "):
            directory.update((_text(name), Entry("unread")) for name in re.findall(r'"(?:[^"\\]|\\.)*"|\S+', line[7:]))
        else:
            found = ENTRY.match(line)
            if not found:
                raise ValueError(f"line {place}: {line[:80]!r} is no entry")
            value = "\n".join(block) if block else _text(found["value"] or "")
            name = _text(found["name"])
            below, slash, last = name.partition("/")
            there = recording.tree.setdefault(f"{path}/{below}" if path else below, {}) if slash else directory
            there[last or name] = Entry(KINDS[found["sign"]], value)
    return recording


def _answer(lines: list[str], place: int) -> tuple[int | None, int, list[str]]:
    word = lines[place].partition(" ")[2]
    place += 1
    block = []
    while place < len(lines) and lines[place].startswith("  "):
        block.append(lines[place][2:])
        place += 1
    return None if word == "none" else int(word), place, block


def _text(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text
