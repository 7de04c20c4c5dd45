# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the option ``instances`` of mdev_instance, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core import grammar, numbers
from .._core.problems import Refused
from .._core.wording import display_name
from .._frameworks import attributes
from .._model.wanted import DeviceWanted

MAX = "max"
# More than any card supports; a larger number is a typing error.
MOST = 65536
# The kernel has at most 1024 nodes (CONFIG_NODES_SHIFT).
MOST_NODE = 1023
# The options of an entry in the format of an argument spec.
INSTANCE = {
    "type": {"type": "list", "elements": "str"},
    "parent": {"type": "str"},
    "uuid": {"type": "str"},
    "count": {"type": "str"},
    "numa_node": {"type": "raw"},
    "attributes": {"type": "list", "elements": "dict"},
    "autostart": {"type": "bool"},
    "label": {"type": "str"},
}


def parse_instances(instances: Sequence[Mapping[str, Any]], state: str, exact: bool) -> list[DeviceWanted]:
    """Return the entries in one form; raise :class:`Refused` with a sentence for each problem."""
    problems = []
    entries: list[DeviceWanted] = []
    seen: dict[str, int] = {}
    if exact and state == "absent":
        problems.append("exact is not valid with state: absent. Remove one of the two options")
    for place, instance in enumerate(instances):
        found: list[str] = []
        entry = _entry(place, instance, state, found)
        uuid = entry.uuid
        if uuid in seen:
            found.append(f"its uuid {uuid} is also the uuid of {entries[seen[uuid]].label}")
        elif uuid:
            seen[uuid] = place
        problems += [f"{entry.label}: {sentence}" for sentence in found]
        entries.append(entry)
    if problems:
        raise Refused(problems)
    return entries


def _entry(place: int, instance: Mapping[str, Any], state: str, found: list[str]) -> DeviceWanted:
    uuid = grammar.collect(grammar.uuid, instance["uuid"], found)
    types = [grammar.collect(_type_spec, spec, found) for spec in instance["type"] or []]
    parent = grammar.collect(_parent, instance["parent"], found)
    count = _count(instance["count"], found)
    if state == "absent":
        if instance["count"] is not None:
            found.append("count is not valid with state: absent, which removes all matching devices. Remove count")
        if not (uuid or types or parent):
            found.append("it has no uuid, type and parent, so it would remove all devices of the host. Set one of them")
        count = MAX
    elif not types:
        found.append("it has no type")
    elif uuid and count != 1:
        found.append(f"one uuid is not possible for {count} devices. Omit uuid or set count: 1")
    return DeviceWanted(
        place=place,
        label=display_name(instance.get("label"), f"instances[{place}]"),
        uuid=uuid,
        types=tuple(spec for spec in types if spec),
        parent=parent,
        amount=count,
        numa_node=grammar.collect(_numa_node, instance["numa_node"], found),
        attributes=tuple(_attributes(instance["attributes"] or [], found)),
        autostart=instance["autostart"],
    )


def _parent(text: str) -> str:
    lower = text.lower()
    return lower if grammar.PCI_ADDRESS.match(lower) else grammar.parent_name(text)


def _type_spec(text: str) -> str:
    """Return an id or name of a type; a name may have spaces and is never part of a path."""
    if not text.strip() or not text.isprintable() or len(text) > 255:
        raise ValueError(f"{text[:80]!r} is neither the id nor the name of a type, such as nvidia-223 or GRID T4-2B")
    return text


def _count(given: Any, found: list[str]) -> int | str:
    if given == MAX:
        return MAX
    return grammar.collect(lambda value: numbers.count(value, "count", 1, MOST, MAX), given, found) or 1


def _numa_node(given: Any) -> int:
    return numbers.count(given, "numa_node", 0, MOST_NODE)


def _attributes(given: Sequence[Mapping[str, Any]], found: list[str]) -> list[tuple[str, str]]:
    pairs = []
    for place, attribute in enumerate(given):
        try:
            pairs.append(attributes.check(attribute))
        except ValueError as error:
            found.append(f"attributes[{place}]: {error}")
    return pairs
