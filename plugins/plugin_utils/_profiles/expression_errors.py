# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Describe errors of jmespath: the error, its position and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypedDict, cast

from ansible_collections.vfio.devices.plugins.module_utils._core.wording import closest, display_name


class Node(TypedDict):
    """A node of an expression that jmespath has parsed."""

    type: str
    # The name of a field or function, or the value of a literal; only some nodes have it.
    value: Any
    # Nodes; those of a slice are numbers or None.
    children: list[Any]


BARE_NUMBER = re.compile(r"[=<>]\s*-?[0-9]")
# Matches a PCI address, or the name of another parent.
NAME_ONLY = re.compile(r"[\w:.-]+\Z")
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"")
PAIRS = {"(": ")", "[": "]", "{": "}"}
WORDS = {
    "and": "Write && for and",
    "or": "Write || for or",
    "in": "Write contains(['0300', '0302'], class) to compare with several values",
    "&": "Write && for and",
    "=": "Compare two values with ==",
}
NUMBER = "Write a number in backquotes, such as `64`, and an id in single quotes, such as '10de'"
LONGEST = 40
FUNCTIONS = (
    *(
        "abs",
        "avg",
        "ceil",
        "contains",
        "ends_with",
        "floor",
        "join",
        "keys",
        "length",
        "map",
        "max",
        "max_by",
        "merge",
    ),
    *("min", "min_by", "not_null", "reverse", "sort", "sort_by", "starts_with", "sum", "to_array", "to_number"),
    *("to_string", "type", "values"),
)
# Word processors and chats replace quotes by these.
TYPOGRAPHIC = "\u2018\u2019\u201a\u201c\u201d\u201e\u00b4"


def below(node: Node) -> list[Node]:
    """Return the children of a node that are nodes."""
    return cast("list[Node]", [child for child in node["children"] if isinstance(child, dict)])


def unknown_functions(node: Node) -> Iterator[str]:
    """Yield a sentence for each unknown function in a parsed expression; jmespath finds them only at evaluation."""
    if node["type"] == "function_expression" and node["value"] not in FUNCTIONS:
        nearest = closest(FUNCTIONS, node["value"])
        hint = f" Did you mean {nearest}()?" if nearest else ""
        yield f"{node['value']}() is not a function.{hint} The functions are {', '.join(FUNCTIONS)}"
    for child in below(node):
        yield from unknown_functions(child)


def described(text: str, error: Exception) -> str:
    """Return sentences about an error of ``jmespath.compile`` for ``text``: its position, and the remedy if known."""
    if NAME_ONLY.match(text):
        return f'{text[:LONGEST]} is not an expression. Write names of cards as a list, such as ["{text[:LONGEST]}"]'
    position = getattr(error, "lex_position", len(text))
    # A token is a text or a number.
    value: Any = getattr(error, "token_value", None)
    token = "" if value is None else str(value)
    if "Unclosed" in str(error):
        return f"The quote {token[:1]} at character {position + 1} is not closed. Add {token[:1]} after the value"
    if not token:
        return f"The expression is incomplete.{_unfinished(text)}"
    remedy = _remedy(text, token, position)
    return f"Unexpected {display_name(token[:LONGEST], ascii(token[:1]))} at character {position + 1}" + (
        f". {remedy}" if remedy else ""
    )


def evaluated(error: Exception) -> str:
    """Return sentences about an error that the expression has for one card."""
    expected: Any = getattr(error, "expected_types", None)
    if expected is None:
        return " ".join("".join(letter if letter.isprintable() else " " for letter in str(error)).split())
    function, actual = getattr(error, "function_name", ""), getattr(error, "actual_type", "")
    return (
        f"{function}() needs {' or '.join(expected)}, but the value is {actual}. Check the field first, for example "
        f"driver && starts_with(driver, 'nv')"
    )


def _unfinished(text: str) -> str:
    missing = _unclosed(text)
    return f" Add {missing}" if missing else " Write a value or a field after the last operator"


def _unclosed(text: str) -> str:
    """Return the closing brackets that are missing at the end."""
    open_brackets: list[str] = []
    for letter in QUOTED.sub("", text):
        if letter in PAIRS:
            open_brackets.append(PAIRS[letter])
        elif open_brackets and letter == open_brackets[-1]:
            open_brackets.pop()
    return "".join(reversed(open_brackets))


def _remedy(text: str, token: str, position: int) -> str:
    if token in TYPOGRAPHIC:
        return "Write a value in straight single quotes, such as '10de'"
    if token in WORDS:
        return WORDS[token]
    if token in PAIRS.values():
        return f"Remove {token}, or add the opening bracket"
    if re.search(r"\bnot\s+\Z", text[:position]):
        return "Write ! for not"
    if BARE_NUMBER.search(QUOTED.sub("''", text)):
        return NUMBER
    return ""
