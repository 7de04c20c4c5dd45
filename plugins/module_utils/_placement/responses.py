# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate responses of Placement, so that later code can rely on types, names and ranges.

Each function gets the decoded JSON of one kind of response and returns plain data, or raises :class:`Malformed` with a
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
# In characters: the longest text of a server that a message shows.
LONGEST = 300


class Malformed(ValueError):
    """A field of a response has another type or range than in the Placement API."""


def words(text: Any, longest: int = LONGEST) -> str:
    """Return a text of a server for a message: one line without control characters, shortened to ``longest``."""
    start = str(text)[: 4 * longest]
    line = escaped(" ".join(start.split()))
    return line if len(line) <= longest and len(start) == len(str(text)) else f"{line[:longest]}..."


def escaped(text: str) -> str:
    """Replace characters that a terminal does not show with Python escape sequences."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


# One function for each kind of response


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
    """Return all providers of a list; raise Malformed for duplicates."""
    found = _item(_dictionary(body, ""), "", "resource_providers", _list_of(provider))
    for key in ("uuid", "name"):
        seen: set[str] = set()
        for one in found:
            if one[key] in seen:
                raise Malformed(f"resource_providers has the {key} {one[key]} twice")
            seen.add(one[key])
    return found


def named(body: Any, name: str) -> Listed | None:
    """Return the provider that was found by ``name``, or None.

    Some databases ignore case or accents, so its spelling may differ, but there is at most one.
    """
    found = providers(body)
    if len(found) > 1:
        raise Malformed(f"resource_providers has {len(found)} items, although a name is unique")
    for one in found:
        # The database decides which other characters are equal.
        if (one["name"] + name).isascii() and one["name"].rstrip().casefold() != name.casefold():
            raise Malformed(f"resource_providers has {one['name']} instead of {name}")
    return found[0] if found else None


def tree(body: Any, uuid: str) -> list[Listed]:
    """Return the providers of one tree that includes ``uuid`` and is consistent, or an empty list."""
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
    """Return the generation, and the six fields of each inventory by resource class."""
    found = _dictionary(body, "")
    generation = _item(found, "", "resource_provider_generation", _whole)
    by_class = _item(found, "", "inventories", _dictionary)
    return generation, {
        _class_name(name, "inventories"): _inventory(fields, f"inventories.{name}") for name, fields in by_class.items()
    }


def traits(body: Any) -> tuple[int, list[str]]:
    """Return the generation, and the sorted traits without duplicates."""
    found = _dictionary(body, "")
    return _item(found, "", "resource_provider_generation", _whole), sorted(trait_names(body))


def trait_names(body: Any) -> set[str]:
    return set(_item(_dictionary(body, ""), "", "traits", _list_of(_trait_name)))


def class_names(body: Any) -> set[str]:
    found = _item(_dictionary(body, ""), "", "resource_classes", _list_of(_dictionary))
    return {_item(one, f"resource_classes[{place}]", "name", _class_name) for place, one in enumerate(found)}


def usages(body: Any) -> dict[str, int]:
    """Return the used amount by resource class."""
    found = _item(_dictionary(body, ""), "", "usages", _dictionary)
    return {_class_name(name, "usages"): _whole(used, f"usages.{name}") for name, used in found.items()}


# Parts of a response


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
    # The UUID becomes part of URLs.
    if not isinstance(value, str) or value != value.lower() or not names.is_uuid(value):
        raise _unlike(value, field, "a UUID in lower case")
    return value


def _uuid_or_null(value: Any, field: str) -> str | None:
    return None if value is None else _uuid(value, field)


def _provider_name(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= names.LONGEST_PROVIDER:
        raise _unlike(value, field, f"a text of 1 to {names.LONGEST_PROVIDER} characters")
    # Providers of other services may have any name; names of this collection need no escapes.
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
    # Placement returns numbers in their original notation, for example 4.0.
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
