# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether a card is the recorded one: addresses change when cards are added or removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._devices import pci
from .._devices.identity import Identities, awaited, difference, is_recorded_card, model_of
from .._host.root import HostRoot
from .records import NotRestorable

REMEDY = "Run the play again with the current addresses of the cards"


def check_card(host: HostRoot, card: str, record: Mapping[str, Any]) -> None:
    """Raise :class:`NotRestorable` if another card is at the address. Without comparable data, the card passes."""
    _check_model(host, card, record.get("model"))
    recorded = record.get("identity")
    if not recorded:
        return
    functions = pci.observe(host)
    identities = Identities(host)
    different = difference(recorded, identities.of(functions[card])) if card in functions else None
    if different is None:
        return
    found = f"another card is at this address: {different}"
    for function in functions.values():
        if not function.is_virtual and function.address != card:
            now = identities.of(function)
            if is_recorded_card(recorded, now):
                found += f". The recorded card is now at {function.address}"
    raise NotRestorable([f"{found}. {REMEDY}"])


def _check_model(host: HostRoot, card: str, recorded: Any) -> None:
    if recorded is None:
        return
    vendor, product = (
        (host.read(f"{pci.DEVICES}/{card}/{name}") or "").removeprefix("0x") for name in ("vendor", "device")
    )
    if recorded != model_of(vendor, product):
        found = f"another card is at this address: {vendor}:{product} instead of {str(recorded)[:40]}"
        raise NotRestorable([f"{found}. {REMEDY}"])


def awaited_identity(host: HostRoot, card: str, record: Mapping[str, Any]) -> str | None:
    """Return the name of an identifying field that the driver will report soon; None if no field is pending."""
    recorded = record.get("identity")
    if not recorded:
        return None
    function = pci.function(host, card)
    return awaited(recorded, Identities(host).of(function), function.driver)
