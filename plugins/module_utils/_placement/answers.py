# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The shape of Placement's answers: from here on the data has the types, names and ranges that it should have.

Each function takes the decoded JSON of one kind of answer and returns plain data, or raises :class:`Malformed` with a
sentence that names the field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from .._core import numbers
from . import names
from .inventory import HIGHEST, HIGHEST_RATIO
from .model import Inventories, Inventory, Listed

Value = TypeVar("Value")

# The largest integer of Placement's database.
MOST = 2**63 - 1
# Characters of one text of a server in a message.
LONGEST = 300


class Malformed(ValueError):
    """One field of an answer has another type or range than in Placement's API."""


def words(text: Any, longest: int = LONGEST) -> str:
    """A text of a server for a message: one line, no control characters, cut after ``longest`` characters."""
    start = str(text)[: 4 * longest]
    line = escaped(" ".join(start.split()))
    return line if len(line) <= longest and len(start) == len(str(text)) else f"{line[:longest]}..."


def escaped(text: str) -> str:
    """A text in which everything that a terminal does not show is an escape sequence of Python."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


# One function for each kind of answer


def provider(body: Any, field: str = "") -> Listed:
    """One provider."""
    found = _dictionary(body, field)
    return {
        "uuid": _item(found, field, "uuid", _uuid),
        "name": _item(found, field, "name", _provider_name),
        "parent": _item(found, field, "parent_provider_uuid", _uuid_or_null),
        "root": _item(found, field, "root_provider_uuid", _uuid),
        "generation": _item(found, field, "generation", _whole),
    }


def providers(body: Any) -> list[Listed]:
    """All providers of a list, each once."""
    found = _item(_dictionary(body, ""), "", "resource_providers", _list_of(provider))
    for key in ("uuid", "name"):
        seen: set[str] = set()
        for one in found:
            if one[key] in seen:
                raise Malformed(f"resource_providers has the {key} {one[key]} twice")
            seen.add(one[key])
    return found


def named(body: Any) -> Listed | None:
    """The provider that was asked for by its name, or None.

    Some databases compare without letter case or accents, so the answer may have another spelling, but only one.
    """
    found = providers(body)
    if len(found) > 1:
        raise Malformed(f"resource_providers has {len(found)} items, although a name is unique")
    return found[0] if found else None


def tree(body: Any, uuid: str) -> list[Listed]:
    """The providers of one tree, ``uuid`` among them, in which each parent leads to the root; or none at all."""
    found = providers(body)
    parents = {one["uuid"]: one["parent"] for one in found}
    if found and uuid not in parents:
        raise Malformed(f"resource_providers does not have {uuid}")
    for one in found:
        if one["root"] != found[0]["root"]:
            raise Malformed(f"resource_providers has two roots, {found[0]['root']} and {one['root']}")
        if (one["parent"] is None) != (one["uuid"] == one["root"]):
            raise Malformed(f"the parent_provider_uuid of {one['uuid']} does not fit its root {one['root']}")
        if one["parent"] is not None and one["parent"] not in parents:
            raise Malformed(f"resource_providers does not have {one['parent']}, the parent of {one['uuid']}")
    _check_loops(parents)
    return found


def inventories(body: Any) -> tuple[int, Inventories]:
    """The generation, and by resource class the six fields of an inventory."""
    found = _dictionary(body, "")
    generation = _item(found, "", "resource_provider_generation", _whole)
    by_class = _item(found, "", "inventories", _dictionary)
    return generation, {
        _class_name(name, "inventories"): _inventory(fields, f"inventories.{name}") for name, fields in by_class.items()
    }


def traits(body: Any) -> tuple[int, list[str]]:
    """The generation, and the traits, sorted and each once."""
    found = _dictionary(body, "")
    return _item(found, "", "resource_provider_generation", _whole), sorted(trait_names(body))


def trait_names(body: Any) -> set[str]:
    """The names in a list of traits."""
    return set(_item(_dictionary(body, ""), "", "traits", _list_of(_trait_name)))


def class_names(body: Any) -> set[str]:
    """The names in the list of resource classes."""
    found = _item(_dictionary(body, ""), "", "resource_classes", _list_of(_dictionary))
    return {_item(one, f"resource_classes[{place}]", "name", _class_name) for place, one in enumerate(found)}


def usages(body: Any) -> dict[str, int]:
    """By resource class how much is in use."""
    found = _item(_dictionary(body, ""), "", "usages", _dictionary)
    return {_class_name(name, "usages"): _whole(used, f"usages.{name}") for name, used in found.items()}


# The parts of an answer


def _inventory(value: Any, field: str) -> Inventory:
    found = _dictionary(value, field)
    return {
        "total": _item(found, field, "total", _small),
        "reserved": _item(found, field, "reserved", _small),
        "min_unit": _item(found, field, "min_unit", _small),
        "max_unit": _item(found, field, "max_unit", _small),
        "step_size": _item(found, field, "step_size", _small),
        "allocation_ratio": _item(found, field, "allocation_ratio", _ratio),
    }


def _check_loops(parents: dict[str, str | None]) -> None:
    sound: set[str] = set()
    for uuid in parents:
        path: list[str] = []
        above: str | None = uuid
        while above is not None and above not in sound:
            if above in path:
                raise Malformed(f"the parents of {above} lead back to it")
            path.append(above)
            above = parents[above]
        sound.update(path)


def _item(found: Mapping[str, Any], field: str, name: str, check: Callable[[Any, str], Value]) -> Value:
    inner = f"{field}.{name}" if field else name
    if name not in found:
        raise Malformed(f"{inner} is missing")
    return check(found[name], inner)


def _list_of(check: Callable[[Any, str], Value]) -> Callable[[Any, str], list[Value]]:
    def check_all(value: Any, field: str) -> list[Value]:
        if not isinstance(value, list):
            raise _unlike(value, field, "a list")
        return [check(one, f"{field}[{place}]") for place, one in enumerate(value)]

    return check_all


def _dictionary(value: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _unlike(value, field, "a dictionary")
    return value


def _uuid(value: Any, field: str) -> str:
    # It becomes a part of addresses.
    if not isinstance(value, str) or value != value.lower() or not names.is_uuid(value):
        raise _unlike(value, field, "a UUID in lower case")
    return value


def _uuid_or_null(value: Any, field: str) -> str | None:
    return None if value is None else _uuid(value, field)


def _provider_name(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= names.LONGEST_PROVIDER:
        raise _unlike(value, field, f"a text of 1 to {names.LONGEST_PROVIDER} characters")
    # A provider of another service may have any name; none of ours needs an escape.
    return escaped(value)


def _trait_name(value: Any, field: str) -> str:
    return _checked(names.trait, value, field)


def _class_name(value: Any, field: str) -> str:
    return _checked(names.resource_class, value, field)


def _checked(grammar: Callable[[str], str], value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise _unlike(value, field, "a name")
    try:
        return grammar(value)
    except ValueError as error:
        raise Malformed(f"{field}: {error}") from error


def _whole(value: Any, field: str, most: int = MOST) -> int:
    # Placement returns a number in its written form, also 4.0.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
        raise _unlike(value, field, f"a whole number from 0 to {most}")
    return number


def _small(value: Any, field: str) -> int:
    return _whole(value, field, HIGHEST)


def _ratio(value: Any, field: str) -> float:
    number = math.nan if isinstance(value, bool) or not isinstance(value, (int, float)) else value
    if not 0 <= number <= 2 * HIGHEST_RATIO:
        raise _unlike(value, field, "a number of 0 or more")
    return float(number)


def _unlike(value: Any, field: str, wanted: str) -> Malformed:
    return Malformed(f"{field or 'the answer'} is {numbers.shown(value)} and not {wanted}")
