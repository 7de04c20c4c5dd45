# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Choose the parent and the UUID of a new device."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._core import wording
from .._core.patterns import lazy_pattern
from .._frameworks.capacity import ONE_TYPE, Capacity, CardDevices
from .._frameworks.registry import BY_NAME, NO_PARENTS, advice, capacity_of_card
from .._model.host import Device, Parent
from .._model.wanted import DeviceWanted
from . import recorded
from .state import State

# machine-id(5); before its first boot, systemd writes "uninitialized".
MACHINE_ID = lazy_pattern(r"[0-9a-f]{32}\Z")
NO_MACHINE_ID = (
    "no UUID can be derived, because /etc/machine-id has no machine id. Run systemd-machine-id-setup, or set the uuid "
    "of each device"
)


class Catalog:
    """The observed parents, devices and types of a host by name, and the capacity of each card."""

    def __init__(self, state: State, reserved: set[str], rules: Mapping[str, str] | None = None) -> None:
        """``reserved`` are UUIDs that entries request explicitly; ``rules`` maps cards to their allowed combination."""
        self._rules = rules or {}
        self._gpu_instances = state.gpu_instances
        self.parents: dict[str, Parent] = {parent.name: parent for parent in state.parents}
        self.devices: dict[tuple[str, str], Device] = {device.key: device for device in state.devices}
        self.by_uuid: dict[str, Device] = {}
        for device in sorted(self.devices.values(), key=lambda device: device.state != "defined"):
            if device.uuid:
                # An existing device takes precedence over a definition on another parent.
                self.by_uuid[device.uuid] = device
        self._machine_id = state.machine_id
        self._known_types = state.known_types
        self._unreadable = state.unreadable
        self._recorded = {
            recorded.key_of(one)
            for record in state.records.values()
            for one in record["instances"]
            if recorded.is_complete(one)
        }
        self._reserved = set(reserved)
        # By parent and type: the indexes to try for the next UUID.
        self._indexes: dict[tuple[str, str], Iterator[int]] = {}
        self._cards: dict[str, list[str]] = {}
        for name in self.parents:
            self._cards.setdefault(self.card(name), []).append(name)
        self._types = {card: self._types_of(names) for card, names in self._cards.items()}
        self.capacities = {card: self._capacity(card, names) for card, names in self._cards.items()}

    def card(self, parent: str) -> str:
        known = self.parents.get(parent)
        return known.card if known else parent

    def capacity(self, parent: str) -> Capacity:
        return self.capacities[self.card(parent)]

    def is_recorded(self, device: Device) -> bool:
        """Return whether the record of the card contains the attributes of a vGPU on a VF."""
        return device.key in self._recorded

    def devices_on(self, card: str) -> list[Device]:
        """Return the existing devices of a card, including devices that are being removed."""
        return [one for one in self.devices.values() if self.card(one.parent) == card and one.state != "defined"]

    def parents_named(self, name: str) -> list[Parent]:
        """Return the parent with this name, or all parents on VFs of the PF with this name."""
        if name in self.parents:
            return [self.parents[name]]
        return [self.parents[parent] for parent in self._cards.get(name, [])]

    def type_ids(self, parent: str, specs: Sequence[str]) -> list[str]:
        """Return the ids of types on a parent that match the specs (ids or names), in the order of the specs."""
        types = self._types[self.card(parent)]
        return [type_id for spec in specs for type_id, name in types.items() if spec in (type_id, name)]

    def type_name(self, parent: str, type_id: str) -> str | None:
        return self._types[self.card(parent)].get(type_id)

    def rank(self, device: Device, specs: Sequence[str]) -> tuple[int, str, str]:
        """Return a sort key: devices of the preferred type first, then a fixed order."""
        preferred = self.type_ids(device.parent, specs)
        return preferred.index(str(device.type_id)), device.parent, str(device.uuid)

    def new_uuid(self, parent: str, type_id: str) -> str | None:
        """Return the UUID of a definition without a device, or else derive one that a rebuilt host would derive too.

        Returns None if there is no machine id to derive it from.
        """
        for device in self.devices.values():
            waiting = device.state == "defined" and device.id not in self._reserved
            if waiting and (device.parent, device.type_id) == (parent, type_id):
                self._reserved.add(device.id)
                return device.id
        if not MACHINE_ID.match(self._machine_id or ""):
            return None
        from uuid import UUID, uuid5

        namespace = UUID(self._machine_id)
        for index in self._indexes.setdefault((parent, type_id), itertools.count()):
            candidate = str(uuid5(namespace, f"{parent} {type_id} {index}"))
            if candidate not in self._reserved and candidate not in self.by_uuid:
                break
        self._reserved.add(candidate)
        return candidate

    def describe_unknown_parent(self, name: str) -> str:
        if not self._cards:
            return f"there is no parent {name}. This host has none. {NO_PARENTS}"
        return f"there is no parent {name}. This host has {_shorten(self._cards)}"

    def describe_unknown_type(self, parents: Sequence[Parent], specs: Sequence[str]) -> str:
        cards = list(dict.fromkeys(parent.card for parent in parents))
        known = {type_id: name for card in cards for type_id, name in self._types[card].items()}
        where = cards[0] if len(cards) == 1 else "This host"
        sentence = f"there is no type {' or '.join(specs)}. {where} has {wording.describe_types(known, specs)}"
        if not cards:
            return f"{sentence}. {NO_PARENTS}"
        return sentence + self.why_no_types([card for card in cards if not self._types[card]])

    def why_no_types(self, cards: list[str]) -> str:
        """Return what to check on cards that list no types, once per reason; empty if there are none."""
        reasons: dict[str, list[str]] = {}
        for card in cards:
            parents = [self.parents[name] for name in self._cards[card]]
            listed = any(
                BY_NAME[parent.framework].lists_types([offer.available for offer in parent.offers])
                for parent in parents
            )
            if card not in self._unreadable and not listed:
                reasons.setdefault(advice({parent.framework for parent in parents}), []).append(card)
        return "".join(f". No types are listed by {_shorten(names)}. {reason}" for reason, names in reasons.items())

    def _capacity(self, card: str, names: list[str]) -> Capacity:
        occupants = [
            (device.parent, device.type_id)
            for device in self.devices.values()
            if device.parent in names and device.state != "defined"
        ]
        parents = [self.parents[name] for name in names]
        mix, gpu_instances = self._rules.get(card, ONE_TYPE), self._gpu_instances.get(card)
        return capacity_of_card(CardDevices(parents, occupants, self._types[card], mix, gpu_instances))

    def _types_of(self, names: list[str]) -> dict[str, str | None]:
        types = {offer.type.id: offer.type.name for name in names for offer in self.parents[name].offers}
        for name in names:
            types.update(self._known_types.get(name, {}))
        for device in self.devices.values():
            if device.parent in names and device.type_id and device.state == "active":
                types.setdefault(device.type_id, device.type_name)
        return types


class Choice:
    """Chooses the parent of the next device of an entry. The choice is deterministic and counted immediately."""

    def __init__(self, catalog: Catalog, spread: bool) -> None:
        self._catalog = catalog
        self._spread = spread
        self._rooms: dict[tuple[str, str, tuple[str, ...]], tuple[int, str | None]] = {}

    def next(self, entry: DeviceWanted, untouched: set[str]) -> tuple[str, str] | None:
        """Reserve capacity for a device; return its parent and type id, or None if no type fits."""
        cards = self._candidates(entry, untouched)
        for spec in entry.types:
            options = []
            for card, parents in cards.items():
                for type_id in self._catalog.type_ids(parents[0], [spec]):
                    room, parent = self._room(card, type_id, parents)
                    if parent:
                        options.append((-room if self._spread else room, card, parent, type_id))
            if options:
                card, parent, type_id = min(options)[1:]
                self._catalog.capacities[card].take(parent, type_id)
                self._rooms = {key: room for key, room in self._rooms.items() if key[0] != card}
                return parent, type_id
        return None

    def describe_lack(self, entry: DeviceWanted, count: int, made: int, exact: bool) -> str:
        """Return why fewer than ``count`` devices fit, with the numbers."""
        where = entry.parent or "this host"
        sentence = f"{count} more of {' or '.join(entry.types)} are requested, but {where} has room for {made}"
        others = [
            device
            for device in self._catalog.devices.values()
            if device.state != "defined" and device.parent in entry.parents
        ]
        if others:
            sentence += f" in addition to the {len(others)} existing devices"
            if not exact:
                sentence += ". Set exact: true to replace devices that are not listed"
            return sentence
        # A card keeps its type names when its driver stops listing types.
        return sentence + self._catalog.why_no_types(list(self._candidates(entry, set())))

    def _candidates(self, entry: DeviceWanted, untouched: set[str]) -> dict[str, tuple[str, ...]]:
        cards: dict[str, tuple[str, ...]] = {}
        for parent in entry.parents:
            card = self._catalog.card(parent)
            if card not in untouched:
                cards[card] = (*cards.get(card, ()), parent)
        return cards

    def _room(self, card: str, type_id: str, parents: tuple[str, ...]) -> tuple[int, str | None]:
        """Return how many devices of a type fit on a card, and its first parent with capacity."""
        key = (card, type_id, parents)
        if key not in self._rooms:
            capacity = self._catalog.capacities[card]
            rooms = [(capacity.room(name, type_id), name) for name in parents]
            first = next((name for room, name in rooms if room), None)
            self._rooms[key] = (sum(room for room, name in rooms), first)
        return self._rooms[key]


def _shorten(names: Any) -> str:
    return wording.shorten(list(names), 20)
