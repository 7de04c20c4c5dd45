# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The option ``instances`` of mdev_instance, checked without a look at the host."""

from __future__ import annotations

from typing import Any

from .._core import grammar, numbers
from .._core.problems import Refused
from .._core.wording import printable
from .._frameworks import attributes

MAX = "max"
# More than any card can make; a larger number is a slip of the finger.
MOST = 65536
# The kernel has at most 1024 nodes (CONFIG_NODES_SHIFT).
MOST_NODE = 1023


def parse_instances(instances: list[dict[str, Any]], state: str, exact: bool) -> list[dict[str, Any]]:
    """The entries in one form; raises :class:`Refused` with a sentence for each thing that is wrong.

    Each entry gets ``item`` (its place in the list), ``where`` (what messages call it), ``uuid``, ``types`` (in the
    order of preference), ``parent``, ``count`` (a number, or ``max``), ``numa_node``, ``attributes`` (a list of pairs)
    and ``autostart``.
    """
    problems = []
    entries: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    if exact and state == "absent":
        problems.append("exact removes what is not listed, so it has no meaning with state absent")
    for item, instance in enumerate(instances):
        found: list[str] = []
        entry = _entry(item, instance, state, found)
        uuid = entry["uuid"]
        if uuid in seen:
            found.append(f"its uuid {uuid} is that of {entries[seen[uuid]]['where']} too")
        elif uuid:
            seen[uuid] = item
        problems += [f"{entry['where']}: {sentence}" for sentence in found]
        entries.append(entry)
    if problems:
        raise Refused(problems)
    return entries


def _entry(item: int, instance: dict[str, Any], state: str, found: list[str]) -> dict[str, Any]:
    uuid = grammar.collect(grammar.uuid, instance["uuid"], found)
    types = [grammar.collect(_type_spec, spec, found) for spec in instance["type"] or []]
    parent = grammar.collect(_parent, instance["parent"], found)
    count = _count(instance["count"], found)
    if state == "absent":
        if instance["count"] is not None:
            found.append("count has no meaning with state absent, which removes every device that matches")
        if not (uuid or types or parent):
            found.append("it names no uuid, type or parent, so that it would remove every device of the host")
        count = MAX
    elif not types:
        found.append("it has no type")
    elif uuid and count != 1:
        found.append(f"one uuid cannot be that of {count} devices")
    return {
        "item": item,
        "where": printable(instance.get("label"), f"instances[{item}]"),
        "uuid": uuid,
        "types": types,
        "parent": parent,
        "count": count,
        "numa_node": grammar.collect(_numa_node, instance["numa_node"], found),
        "attributes": _attributes(instance["attributes"] or [], found),
        "autostart": instance["autostart"],
    }


def _parent(text: str) -> str:
    lower = text.lower()
    return lower if grammar.PCI_ADDRESS.match(lower) else grammar.parent_name(text)


def _type_spec(text: str) -> str:
    """An id or a name; a name may have spaces and is never a part of a path."""
    if not text.strip() or not text.isprintable() or len(text) > 255:
        raise ValueError(f"{text[:80]!r} is neither the id nor the name of a type, such as nvidia-223 or GRID T4-2B")
    return text


def _count(given: Any, found: list[str]) -> int | str:
    if given == MAX:
        return MAX
    return grammar.collect(lambda value: numbers.count(value, "count", 1, MOST, MAX), given, found) or 1


def _numa_node(given: Any) -> int:
    return numbers.count(given, "numa_node", 0, MOST_NODE)


def _attributes(given: list[dict[str, Any]], found: list[str]) -> list[tuple[str, str]]:
    pairs = []
    for place, attribute in enumerate(given):
        try:
            pairs.append(attributes.check(attribute))
        except ValueError as error:
            found.append(f"attributes[{place}]: {error}")
    return pairs
