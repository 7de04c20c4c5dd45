# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Questions to a card in JMESPath."""

from __future__ import annotations

import re

# Parts of an expression of which only the first is asked of the card itself, and the others of what it gave.
FIRST_ONLY = (
    "subexpression",
    "index_expression",
    "projection",
    "filter_projection",
    "value_projection",
    "flatten",
    "pipe",
)
BARE_NUMBER = re.compile(r"[=<>]\s*-?[0-9]")

MISSING = None
try:
    import jmespath
except ImportError as error:
    MISSING = error


def compiled(text, known):
    """A function that says whether the expression is true of a card, as JMESPath has it: not false, null or empty.

    ``known`` are the fields of a card; another one would be null for every card, and select nothing. Both raise
    ``ValueError`` with the reason; jmespath must not be ``MISSING``.
    """
    try:
        expression = _explained(jmespath.compile, text)
    except ValueError as error:
        hint = "; a number is written in backquotes, such as `64`" if BARE_NUMBER.search(text) else ""
        raise ValueError(f"{error}{hint}") from error
    unknown = sorted(_fields(expression.parsed) - set(known))
    if unknown:
        raise ValueError(f"there is no field {' or '.join(unknown)}, only {', '.join(known)}")

    def is_true(card):
        answer = _explained(expression.search, card)
        return bool(answer) or (answer == 0 and answer is not False)

    return is_true


def _fields(node):
    """The fields of a card that the parsed expression asks for."""
    if node["type"] == "field":
        return {node["value"]}
    if node["type"] == "expref":
        return set()
    children = node["children"][:1] if node["type"] in FIRST_ONLY else node["children"]
    return set().union(*map(_fields, children))


def _explained(function, argument):
    try:
        return function(argument)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(" ".join(str(error).split())) from error
