# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Records of devices say of which card they are, beside its address."""

from __future__ import annotations

from typing import Any

from .._devices.identity import Identities, Identity, difference, is_same, kept_identity, trusted_identity
from .._devices.pci import PciFunction
from .._host.root import HostRoot
from .._model.host import Parent

State = dict[str, Any]

FIELD = "identity"


def observe(host: HostRoot, functions: dict[str, PciFunction], parents: list[Parent]) -> dict[str, Identity]:
    """The identities of the cards of parents by address; parents that are no PCI functions have none."""
    cards = dict.fromkeys(parent.physical_function for parent in parents)
    identities = Identities(host)
    return {card: identities.of(functions[card]) for card in cards if card in functions}


def taken_out(records: State) -> dict[str, Identity]:
    """The identities in records by card; the records have none then, as the plan compares them."""
    return {card: trusted_identity(record.pop(FIELD, None)) for card, record in records.items()}


def follow(state: State) -> None:
    """Take what is kept of a card that has moved for that of its new address; its devices keep their UUIDs.

    The record of a card that another one has replaced is worth nothing; its definitions are those of the new card.
    """
    recorded, now = state["recorded_identities"], state["identities"]
    state["moved"] = moved = {}
    for card, identity in list(recorded.items()):
        if card in now and not difference(identity, now[card]):
            continue
        for address, current in now.items():
            if is_same(identity, current) and not difference(identity, current):
                moved[card] = address
        if card in now or card in moved:
            del state["records"][card], recorded[card]
    state["devices"] = [
        device._replace(parent=moved.get(device.parent, device.parent)) if device.state == "defined" else device
        for device in state["devices"]
    ]


def with_identities(state: State, planned: State, steps: list[State], persist: bool | None) -> list[State]:
    """The steps of a plan whose records say of which card they are, and one for each record that does not say it yet.

    ``state`` has ``identities`` (of the cards as they are) and ``recorded_identities``. What a card that has moved has
    left at its old address goes at the end.
    """
    steps = [
        {**step, "record": _complete(state, step["card"], step["record"])} if step.get("record") else step
        for step in steps
    ]
    if not persist:
        return steps
    written = {step["card"] for step in steps if "record" in step}
    made = [step for step in steps if step["action"] == "create"]
    lasting = list(dict.fromkeys(instance["card"] for instance in [*planned["kept"], *made]))
    for card in lasting:
        record = state["records"].get(card)
        recorded = state["recorded_identities"].get(card, {})
        if record and card not in written and kept_identity(recorded, state["identities"].get(card, {})) != recorded:
            steps.append({"action": "record", "card": card, "record": _complete(state, card, record)})
    defined = {(step["parent"], step["uuid"]) for step in steps if "definition" in step}
    for old, card in state["moved"].items():
        if card in lasting:
            left = [uuid for parent, uuid in state["definitions"] if parent == old and (card, uuid) in defined]
            steps += [
                {"action": "undefine", "card": card, "parent": old, "uuid": uuid, "definition": None} for uuid in left
            ]
            steps += [] if old in written else [{"action": "record", "card": old, "record": None}]
    return steps


def _complete(state: State, card: str, record: State) -> State:
    identity = kept_identity(state["recorded_identities"].get(card), state["identities"].get(card, {}))
    return {**record, FIELD: identity} if identity else record
