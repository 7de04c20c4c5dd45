# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Write a recording as text that a person can review before sending it."""

from __future__ import annotations

import json
import re

from .tree import Entry, Tree

# The first line identifies files of the collection.
HEADER = """# Written by the Ansible module vfio.devices.host_recording, format 1.
# What the collection read on a host. Serial numbers, MAC addresses, UUIDs, names and IP addresses are replaced.
# Read it before you send it. Interfaces, custom names of drivers and what is below /sys have their own names.
"""
PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\\\"]*\Z")
# A line that begins with # is a comment.
NAME = re.compile(r"(?!#)[\w.:@+,~#-]+\Z")
# Separators between name and value of each kind.
SIGNS = {"link": "->", "error": "!", "number": "%", "mapped": "maps", "claimed": "claimed"}
WIDTH = 110
MOST_FILES = 3


def write(tree: Tree, commands: dict[str, tuple[int | None, str]]) -> str:
    """Return the text of a recording; line ends come only from this function."""
    lines = [HEADER]
    listings: dict[tuple[str, ...], str] = {}
    short = _short(tree)
    for directory in sorted(set(tree) - set(short)):
        lines.append(f"[/{_quoted(directory)}]")
        for name, entry in sorted(tree[directory].items()):
            lines += _entry(_name(name), entry)
        # A host may have hundreds of functions with dozens of types each.
        for below in sorted(one for one in short if short[one] == directory):
            for name, entry in sorted(tree[below].items()):
                lines += _entry(f"{below.rpartition('/')[2]}/{name}", entry)
        unread = tuple(sorted(name for name, entry in tree[directory].items() if entry.kind == "unread"))
        if unread in listings:
            lines.append(f"unread as in /{listings[unread]}")
        elif unread:
            # Merge unread names into few lines, because they contain little information.
            listings.update({unread: directory} if len(unread) > 1 and NAME.match(directory.replace("/", "")) else {})
            lines += _wrapped([_name(name) for name in unread])
        lines.append("")
    for command, (status, text) in commands.items():
        lines += [f"[command] {command}", "status none" if status is None else f"status {status}"]
        lines += [f"  {line}" for line in _quoted(text).splitlines()]
        lines.append("")
    return "\n".join(lines)


def _short(tree: Tree) -> dict[str, str]:
    """Return directories with one or two short files and their parents; they are written as part of the parent."""
    full = {directory.rpartition("/")[0] for directory in tree}
    found = {}
    for directory, entries in tree.items():
        above, _slash, last = directory.rpartition("/")
        files = [name for name, entry in entries.items() if entry.kind == "file" and "\n" not in entry.value]
        if 0 < len(files) == len(entries) < MOST_FILES and above in tree and directory not in full:
            found.update({directory: above} if all(map(NAME.match, (last, *files))) else {})
    return {directory: above for directory, above in found.items() if above not in found}


def _entry(name: str, entry: Entry) -> list[str]:
    if entry.kind == "unread":
        return []
    if entry.kind == "file":
        if "\n" in entry.value and PLAIN.match(entry.value.replace("\n", "").replace("\t", "").replace('"', "")):
            return [f"{name} =", *(f"  {line}" for line in entry.value.split("\n"))]
        return [f"{name} = {_quoted(entry.value)}"]
    return [f"{name} {SIGNS[entry.kind]} {_quoted(entry.value)}".rstrip()]


def _name(name: str) -> str:
    return name if NAME.match(name) and name not in ("unread", "status") else json.dumps(name)


def _quoted(text: str) -> str:
    """Return the text, or a JSON string if it contains invisible characters."""
    return text if PLAIN.match(text) and text == text.strip() else json.dumps(text)


def _wrapped(names: list[str]) -> list[str]:
    lines = ["unread"]
    for name in names:
        if len(lines[-1]) + len(name) > WIDTH:
            lines.append("unread")
        lines[-1] += f" {name}"
    return lines
