# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Add the identity of the card to each record of devices, because a card's address may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.grammar import PCI_ADDRESS
from .._devices.identity import Identity, difference, is_recorded_card, kept_identity, trusted_identity
from .._host.records import Record
from .._model.steps import DeviceStep, KeepDefinition, KeepDevices, MakeDevice
from .persistence import RECORD
from .state import Plan, State

FIELD = "identity"


def remove_identities(records: Mapping[str, Record]) -> dict[str, Identity]:
    """Remove the identities from records, which are then comparable, and return the identities by card."""
    return {card: trusted_identity(record.pop(FIELD, None)) for card, record in records.items()}


def follow_moved_cards(state: State) -> State:
    """Move records and definitions of a moved card to its new address; its devices keep their UUIDs.

    If another card has replaced a card, the record is dropped, and the definitions belong to the new card.
    """
    recorded, now = dict(state.recorded_identities), state.identities
    records, moved, parents = dict(state.records), {}, {}
    for card, identity in state.recorded_identities.items():
        if card in now and not difference(identity, now[card]):
            continue
        for address, current in now.items():
            if is_recorded_card(identity, current):
                moved[card] = address
        if card in moved:
            parents.update(_moved_parents(state, card, moved[card]))
        if card in now or card in moved:
            del records[card], recorded[card]
    devices = [
        device._replace(parent=parents.get(device.parent, device.parent)) if device.state == "defined" else device
        for device in state.devices
    ]
    return state._replace(
        devices=devices, records=records, recorded_identities=recorded, moved=moved, moved_parents=parents
    )


def _moved_parents(state: State, old: str, card: str) -> dict[str, str]:
    """Map the old addresses of a moved card and its VFs to the new ones; the distance to the card is constant."""
    of_card = {parent.name for parent in state.parents if parent.physical_function == card}
    found = {old: card}
    for parent in {instance["parent"] for instance in state.records[old].get("instances", [])} - {old}:
        if PCI_ADDRESS.match(parent):
            routing_id = _routing_id(parent) - _routing_id(old) + _routing_id(card)
            place = f"{card.partition(':')[0]}:{routing_id >> 8:02x}:{routing_id >> 3 & 0x1F:02x}.{routing_id & 7:x}"
            if place in of_card:
                found[parent] = place
    return found


def _routing_id(address: str) -> int:
    _domain, bus, place = address.split(":")
    slot, function = place.split(".")
    return int(bus, 16) << 8 | int(slot, 16) << 3 | int(function, 16)


def with_identities(state: State, plan: Plan, steps: list[DeviceStep], persist: bool | None) -> list[DeviceStep]:
    """Return the steps with identities in their records, and a step for each record that lacks its identity.

    Records and definitions at the old address of a moved card are removed at the end.
    """
    steps = [_with_identity(state, step) for step in steps]
    if not persist:
        return steps
    written = {step.card for step in steps if isinstance(step, KeepDevices)}
    made = [step.device for step in steps if isinstance(step, MakeDevice)]
    lasting = list(dict.fromkeys(device.card for device in [*plan.kept, *made]))
    for card in lasting:
        record = state.records.get(card)
        recorded = state.recorded_identities.get(card, {})
        if record and card not in written and kept_identity(recorded, state.identities.get(card, {})) != recorded:
            steps.append(KeepDevices(card, RECORD, _complete(state, card, record)))
    defined = {step.key for step in steps if isinstance(step, KeepDefinition)}
    for old, card in state.moved.items():
        if card in lasting:
            left = [
                (parent, uuid)
                for parent, uuid in state.definitions
                if (state.moved_parents.get(parent), uuid) in defined
            ]
            steps += [KeepDefinition(card, parent, uuid, None, prevents_creation=True) for parent, uuid in left]
            steps += [] if old in written else [KeepDevices(old, RECORD, None)]
    return steps


def _with_identity(state: State, step: DeviceStep) -> DeviceStep:
    if not isinstance(step, KeepDevices) or not step.record:
        return step
    return step._replace(record=_complete(state, step.card, step.record))


def _complete(state: State, card: str, record: Mapping[str, Any]) -> Record:
    identity = kept_identity(state.recorded_identities.get(card), state.identities.get(card, {}))
    return {**record, FIELD: identity} if identity else dict(record)
