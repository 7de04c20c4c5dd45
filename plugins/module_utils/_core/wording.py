# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Words of messages: shortened lists of names, similar names, and users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A vGPU card has dozens of types.
SHOWN = 5
MOST_CHARACTERS = 300


def display_name(text: str | None, otherwise: str) -> str:
    """Return the beginning of a text, or ``otherwise`` if the text is empty or has control characters."""
    return text[:MOST_CHARACTERS] if text and text.isprintable() else otherwise


def shorten(names: Sequence[str], most: int) -> str:
    """Return the first ``most`` names and the number of the rest: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def one_of(names: Sequence[str]) -> str:
    """Return all names as alternatives: ``a, b or c``."""
    return " or ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)


def describe_types(types: dict[str, str | None], asked: Iterable[str]) -> str:
    """Return the names of ``types`` (names by id) in short, with the most similar name for each of ``asked``."""
    names = list(dict.fromkeys(name or type_id for type_id, name in types.items()))
    if not names:
        return "none"
    sentence = shorten(names, SHOWN)
    for text in asked:
        closest = _closest(types, text)
        if closest:
            sentence += f". The most similar name to {display_name(text, repr(text)[:MOST_CHARACTERS])} is {closest}"
    return sentence


def _closest(types: dict[str, str | None], asked: str) -> str | None:
    """Return the most similar name; only a single word can be an id."""
    names = [name or type_id for type_id, name in types.items()]
    return closest(names if " " in asked else [*names, *types], asked)


def closest(known: Iterable[str], asked: str) -> str | None:
    """Return the name that is most similar to a text, ignoring case, or None if none is similar."""
    from difflib import get_close_matches

    spelled = {text.lower(): text for text in known}
    found = get_close_matches(asked[:MOST_CHARACTERS].lower(), spelled, n=1)
    return spelled[found[0]] if found else None


def describe_users(users: Iterable[Mapping[str, Any]]) -> str:
    """Return the users of a device for a message: ``guest web1 (pid 4242, qemu-system-x86)``."""
    return ", ".join(_user(user) for user in users)


def _user(user: Mapping[str, Any]) -> str:
    process = f"pid {user['pid']}, {user['command']}" if user["pid"] else None
    if process and user.get("device_file"):
        process += f", {user['device_file']}"
    if not user["domain"]:
        return process or "an unknown user"
    if process:
        return f"guest {user['domain']} ({process})"
    return f"guest {user['domain']} ({'running' if user['running'] else 'defined'})"
