# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Kinds of values in the declaration and their descriptions in messages; used by the schema and its cloud parts."""

from __future__ import annotations

from typing import Any, Callable, TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import MOST

A_NAME = "text of 1 to 255 printable characters without a slash, and without blanks at the ends"
NUMBER_OR_MAX = "a whole number or max"
TEXT_OR_TEXTS = "text or a list of texts"
A_LAYOUT = "a dictionary of MIG profiles with their counts, or false"
DICTIONARY_OR_DICTIONARIES = "a dictionary or a list of dictionaries"


class Option(TypedDict, total=False):
    """A key of a profile in the form of argument specs, with additional data for validation."""

    description: str | list[str]
    type: str
    elements: str
    required: bool
    choices: list[str]
    default: Any
    options: dict[str, Option]
    # A key of ``KINDS``, if the type alone does not describe the value.
    kind: str
    # The smallest valid whole number.
    least: int
    # The largest number of ``NUMBER_OR_MAX``.
    most: int
    # A valid value for messages.
    sample: str
    # Remedies for unknown keys below this one, by key.
    elsewhere: dict[str, str]


Options = dict[str, Option]


def texts(value: str | list[str]) -> list[str]:
    """Return a value of ``TEXT_OR_TEXTS`` as a list."""
    return [value] if isinstance(value, str) else value


def of(option: Option) -> str:
    """Return the description of valid values of an option without ``choices``."""
    if "most" in option:
        return f"a whole number from 0 to {option['most']}, or max"
    if "kind" in option:
        return option["kind"]
    if "least" in option:
        return f"a whole number from {option['least']} to {MOST}"
    return BY_TYPE[option["type"], option.get("elements")]


def fits(value: Any, option: Option) -> bool:
    """Return whether a value is valid for an option."""
    if "choices" in option:
        return value in option["choices"]
    if "least" in option:
        return _is_number(value) and option["least"] <= value <= MOST
    if "most" in option:
        return value == "max" or (numbers.is_whole(value) and int(value) <= option["most"])
    kind = option["kind"] if "kind" in option else of(option)
    return bool(KINDS[kind](value))


def _is_name(value: Any) -> bool:
    is_text = isinstance(value, str) and value.isprintable() and value == value.strip()
    return is_text and 0 < len(value) <= 255 and "/" not in value


def _is_number(value: Any) -> bool:
    return numbers.is_whole(value) and not isinstance(value, str)


def _are(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(item, kind) for item in value)


BY_TYPE = {
    ("str", None): "text",
    ("bool", None): "true or false",
    ("int", None): "a number",
    ("dict", None): "a dictionary",
    ("list", "str"): "a list of texts",
    ("list", "dict"): "a list of dictionaries",
}
KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "true or false": lambda value: isinstance(value, bool),
    "a number": _is_number,
    "a dictionary": lambda value: isinstance(value, dict),
    "a list of texts": _are(str),
    "a list of dictionaries": _are(dict),
    A_NAME: _is_name,
    NUMBER_OR_MAX: lambda value: value == "max" or numbers.is_whole(value),
    TEXT_OR_TEXTS: lambda value: isinstance(value, str) or (value != [] and _are(str)(value)),
    A_LAYOUT: lambda value: isinstance(value, dict) or value is False,
    DICTIONARY_OR_DICTIONARIES: lambda value: isinstance(value, dict) or (value != [] and _are(dict)(value)),
}
