# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Records of devices say of which card they are, beside its address."""

from __future__ import annotations

from typing import Any

from .._devices import identity as _identity
from .._devices.identity import Identities, Identity
from .._devices.pci import PciFunction
from .._host.root import HostRoot

State = dict[str, Any]

FIELD = "identity"


def observe(host: HostRoot, functions: dict[str, PciFunction], parents: list[State]) -> dict[str, Identity]:
    """The identities of the cards of parents by address; parents that are no PCI functions have none."""
    cards = dict.fromkeys(parent["physical_function"] for parent in parents)
    identities = Identities(host)
    return {card: identities.of(functions[card]) for card in cards if card in functions}


def taken_out(records: State) -> dict[str, Identity]:
    """The identities in records by card; the records have none then, as the plan compares them."""
    return {card: _identity.trusted(record.pop(FIELD, None)) for card, record in records.items()}


def with_identities(state: State, planned: State, steps: list[State], persist: bool | None) -> list[State]:
    """The steps of a plan whose records say of which card they are, and one for each record that does not say it yet.

    ``state`` has ``identities`` (of the cards as they are) and ``recorded_identities``.
    """
    steps = [
        {**step, "record": _complete(state, step["card"], step["record"])} if step.get("record") else step
        for step in steps
    ]
    if not persist:
        return steps
    written = {step["card"] for step in steps if "record" in step}
    made = [step for step in steps if step["action"] == "create"]
    for card in dict.fromkeys(instance["card"] for instance in [*planned["kept"], *made]):
        record = state["records"].get(card)
        recorded = state["recorded_identities"].get(card, {})
        if record and card not in written and _identity.kept(recorded, state["identities"].get(card, {})) != recorded:
            steps.append({"action": "record", "card": card, "record": _complete(state, card, record)})
    return steps


def _complete(state: State, card: str, record: State) -> State:
    identity = _identity.kept(state["recorded_identities"].get(card), state["identities"].get(card, {}))
    return {**record, FIELD: identity} if identity else record
