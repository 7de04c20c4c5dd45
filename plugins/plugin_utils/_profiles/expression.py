# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compile and evaluate JMESPath expressions that select cards."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Union

from ansible_collections.vfio.devices.plugins.module_utils._core import missing_library, numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import closest, one_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import plain
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Matches
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression_errors, literals, nested_fields
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.expression_errors import Node

# In these nodes, only the first child applies to the card, and the others apply to its result.
FIRST_ONLY = (
    "subexpression",
    "index_expression",
    "projection",
    "filter_projection",
    "value_projection",
    "flatten",
    "pipe",
)
# jmespath is recursive, and Python limits the recursion depth.
LONGEST = 10000
DEEPEST = 100
# A chain of 40 times [@, @] creates 2 ** 40 copies of a card.
MOST_COPIES = 1000
# ``text``, ``number``, ``boolean``, all possible values, or None.
Kind = Union[str, tuple[str, ...], None]
LISTS = ("multi_select_list", "multi_select_dict", "function_expression")
CHOICES = ("comparator", "and_expression", "or_expression", "not_expression")
TOO_DEEP = f"The expression is nested deeper than {DEEPEST} levels. Select the cards by a list of names"

# JSON writes these values without quotes.
CONSTANTS = ("true", "false", "null")
# Remedies for names that users may expect.
BY_IDS = "Select by vendor_id and product_id, which `ansible-playbook vfio.devices.discover` shows"
ELSEWHERE = {
    "device_id": "Write product_id",
    "device": "Write product_id",
    "model": BY_IDS,
    "type": "Write types[?name == 'NAME'] for the vGPU types that a card supports",
    "interface": "Write contains(netdevs || `[]`, 'NAME') for a network interface",
}

MISSING: ImportError | None = None
try:
    import jmespath
except ImportError as error:
    MISSING = error


def missing() -> str:
    """Return the missing library and the command that installs it on the controller."""
    return (
        f"The Python library jmespath is not installed for {sys.executable} on the controller ({MISSING}). "
        f"Run: {missing_library.command('jmespath')}"
    )


def compiled(text: str, known: Mapping[str, Kind]) -> Matches:
    """Return a function that evaluates the expression for a card: true unless the result is false, null or empty.

    ``known`` maps the fields of a card to their kind. Unknown fields, and literals that a field never has, would select
    nothing; both raise ``ValueError``. jmespath must be installed (:data:`MISSING`).
    """
    expression = _parse(text)
    unknown = _fields(expression.parsed) - set(known)
    if unknown:
        raise ValueError(_unknown(sorted(unknown), set(_compared(expression.parsed, known)), known))
    wrong = [
        *expression_errors.unknown_functions(expression.parsed),
        *_wrong_kinds(expression.parsed, known),
        *literals.wrong(expression.parsed),
        *nested_fields.unknown(expression.parsed),
    ]
    if wrong:
        raise ValueError(". ".join(wrong))
    asked = set(known) if _asks_for_all(expression.parsed) else _fields(expression.parsed)
    if not asked and not _is_boolean(expression.parsed):
        # For example, a value without its field would select every card.
        raise ValueError(
            f"The expression {numbers.shown(text)} names no field of a card, so it would select every card or none. "
            "Compare a field, such as product_id == '1eb8', or select the cards by a list of names"
        )

    def is_true(card: Mapping[str, Any]) -> bool:
        # jmespath supports only JSON types. Convert only the needed fields, because a card with types can be large.
        subject = plain({field: card[field] for field in asked if field in card}, "a field of the card")
        try:
            answer = expression.search(subject)
        # jmespath does not catch all errors, such as the comparison of a list with a number.
        except (jmespath.exceptions.JMESPathError, TypeError) as error:
            raise ValueError(expression_errors.evaluated(error)) from error
        except RecursionError:
            raise ValueError(TOO_DEEP) from None
        return bool(answer) or (answer == 0 and answer is not False)

    return is_true


def _is_boolean(node: Node) -> bool:
    """Return whether an expression is ``true`` or ``false`` in backquotes, which select every card or none."""
    return node["type"] == "literal" and isinstance(node["value"], bool)


def _parse(text: str) -> Any:
    """Return the parsed expression; raise ``ValueError`` if the text is invalid or too large."""
    if len(text) > LONGEST:
        raise ValueError(
            f"The expression has {len(text)} characters, more than {LONGEST}. Select the cards by a list of names"
        )
    try:
        expression = jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(expression_errors.described(text, error)) from error
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    _check_depth(expression.parsed)
    if _copies(expression.parsed) > MOST_COPIES:
        raise ValueError(
            f"Its lists would hold more than {MOST_COPIES} copies of the card. Select the cards by a list of names"
        )
    return expression


def _check_depth(node: Node) -> None:
    level: list[Node] = [node]
    depth = 0
    while level:
        level = [child for one in level for child in expression_errors.below(one)]
        depth += 1
    if depth > DEEPEST:
        raise ValueError(TOO_DEEP)


def _copies(node: Node) -> int:
    """Return the maximum number of copies of a card in the result of the parsed expression."""
    copies = [_copies(child) for child in expression_errors.below(node)]
    if node["type"] in LISTS:
        return sum(copies) or 1
    return max(copies) if node["type"] in CHOICES else math.prod(copies)


def _fields(node: Node) -> set[str]:
    """Return the fields of a card that the parsed expression uses."""
    if node["type"] == "field":
        return {node["value"]}
    return set().union(*map(_fields, _asked_of_card(node)))


def _asks_for_all(node: Node) -> bool:
    """Return whether the parsed expression uses the card as a whole, for example in ``keys(@)``."""
    return node["type"] in ("current", "identity") or any(map(_asks_for_all, _asked_of_card(node)))


def _asked_of_card(node: Node) -> list[Node]:
    """Return the children of a parsed expression that apply to the card."""
    if node["type"] == "expref":
        return []
    return node["children"][:1] if node["type"] in FIRST_ONLY else node["children"]


def _compared(node: Node, known: Collection[str]) -> Iterator[str]:
    """Yield the names of unknown fields that are compared with a field of the card: probably values without quotes."""
    if node["type"] == "comparator":
        fields = [child["value"] for child in node["children"] if child["type"] == "field"]
        if any(field in known for field in fields):
            yield from (field for field in fields if field not in known)
    for child in _asked_of_card(node):
        yield from _compared(child, known)


def _unknown(names: list[str], values: set[str], known: Collection[str]) -> str:
    sentence = f"{one_of(names)} is not a field of a card"
    words = [name for name in names if name in CONSTANTS]
    if words:
        return f"{sentence}. Write {words[0]} in backquotes: `{words[0]}`"
    if names[0] in ELSEWHERE:
        return f"{sentence}. {ELSEWHERE[names[0]]}"
    if values.issuperset(names):
        return f"{sentence}. Write a value in single quotes, such as '{names[0]}'"
    nearest = closest(known, next(name for name in names if name not in values))
    hint = f" Did you mean {nearest}?" if nearest else ""
    return f"{sentence}.{hint} The fields are {', '.join(known)}"


def _wrong_kinds(node: Node, known: Mapping[str, Kind]) -> Iterator[str]:
    """Yield a sentence for each comparison of a card's field with a literal that it never equals."""
    if node["type"] == "comparator":
        fields = [child["value"] for child in node["children"] if child["type"] == "field"]
        literals = [child["value"] for child in node["children"] if child["type"] == "literal"]
        for field, literal in zip(fields, literals):
            kind = known[field]
            if isinstance(kind, tuple) and literal is not None and literal not in kind:
                yield f"{field} is {one_of(kind)}, and never {literal!r}"
            elif kind == "text" and isinstance(literal, (int, float)):
                yield f"{field} is a text, which is written in single quotes, such as '{literal}'"
            elif kind == "boolean" and literal is not None and not isinstance(literal, bool):
                yield f"{field} is true or false, which are written in backquotes, such as `true`"
            elif kind == "number" and isinstance(literal, str):
                yield f"{field} is a number, which is written in backquotes, such as `64`, and not '{literal}'"
    for child in _asked_of_card(node):
        yield from _wrong_kinds(child, known)
