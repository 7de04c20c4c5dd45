# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the records of devices, which may have been edited manually."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Optional, TypedDict

from .._core.grammar import UUID
from .._host.records import DIRECTORY, INSTANCE_RECORDS, Record, read_records
from .._host.root import HostRoot
from .._model.host import Definition

# Parent, and UUID or address.
Key = tuple[str, str]
# A record with this key is authoritative: its definitions were being changed when it was written.
MARK = "definitions_change"


class Instance(TypedDict):
    """One device in a record."""

    uuid: Optional[str]  # of an mdev
    address: Optional[str]  # of a VF
    parent: str
    type: Optional[str]  # id
    type_name: Optional[str]
    attributes: list[list[str]]  # name and value
    autostart: bool


def observe_records(host: HostRoot) -> dict[str, Record]:
    """Return the record of each card; a record in another format is skipped with a warning."""
    records = read_records(host, INSTANCE_RECORDS)
    for card, record in list(records.items()):
        instances = record.get("instances")
        if not isinstance(instances, list) or not all(_is_instance(instance) for instance in instances):
            host.warn(
                f"the record of {card} in {DIRECTORY}/{INSTANCE_RECORDS} does not have the format of this collection"
            )
            del records[card]
    return records


def _is_instance(instance: Any) -> bool:
    if not isinstance(instance, dict) or set(instance) != set(Instance.__annotations__):
        return False
    return isinstance(instance["parent"], str) and isinstance(instance["uuid"] or instance["address"], str)


def is_complete(instance: Instance) -> bool:
    """Check the fields that :func:`observe_records` does not check."""
    texts = (instance["uuid"], instance["address"], instance["type_name"])
    pairs = instance["attributes"]
    return (
        isinstance(instance["type"], str)
        and isinstance(instance["autostart"], bool)
        and all(text is None or isinstance(text, str) for text in texts)
        and (instance["uuid"] is None) != (instance["address"] is None)
        and isinstance(pairs, list)
        and all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs)
    )


def only_recorded(records: Mapping[str, Record], existing: set[Key], parents: set[str]) -> Iterator[Instance]:
    """Yield devices that only a record contains, such as devices that a killed run has removed.

    For an mdev, its definition counts instead, unless definitions were being changed.
    """
    for record in records.values():
        for instance in filter(is_complete, record["instances"]):
            counts = instance["address"] or (record.get(MARK) and UUID.match(instance["uuid"] or ""))
            if counts and key_of(instance) not in existing and instance["parent"] in parents:
                yield instance


def wanted_at_boot(instances: list[Instance], definitions: Mapping[Key, Definition]) -> list[Instance]:
    """Return instances of a record updated from the definitions: an mdev is desired while its definition exists.

    mdevctl, libvirt and nova also use the definitions.
    """
    return [as_defined(one, definitions.get(key_of(one))) if one["uuid"] else one for one in instances]


def as_defined(instance: Instance, definition: Definition | None) -> Instance:
    """Return a recorded mdev updated from its definition; without one it is not restored."""
    if definition is None:
        return {**instance, "autostart": False}
    pairs = [list(pair) for pair in definition.attributes]
    if (definition.type_id, pairs) != (instance["type"], instance["attributes"]):
        instance = {**instance, "type": definition.type_id, "type_name": None, "attributes": pairs}
    return {**instance, "autostart": definition.autostart}


def key_of(instance: Instance) -> Key:
    return instance["parent"], str(instance["uuid"] or instance["address"])
