# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""How a card is to be: what an entry of the option ``functions`` means for it, and the way back; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._devices.binding import binding_of_option, exactly, native
from .._frameworks import nvidia_sriov
from .._model.host import Card, VfSettings
from .._model.wanted import BindingWanted, CardTarget, CardWanted, VfTarget
from . import records
from .wanted import MAX, NATIVE


def wanted_target(entry: CardWanted, card: Card, drivers: list[str], persist: bool | None) -> CardTarget:
    """What an entry means for its card; with ``persist`` None the files of the card stay."""
    passthrough = entry.mode == "pf"
    count = 0 if passthrough else most_vfs(card) if entry.num_vfs == MAX else entry.num_vfs
    binding = _native(card, drivers)
    if passthrough and entry.driver != NATIVE:
        binding = binding_of_option(str(entry.driver))
    remembered: Mapping[str, Any] | None = None
    if passthrough and entry.driver != NATIVE:
        native_driver = records.remembered(card)
        remembered = native_driver if card.is_native else card.kept.remembered
        if persist is None:
            # Early at boot an interface may not have its name yet.
            remembered = records.as_json(card.kept.native) or remembered
    rule = card.kept.rule if persist is None else None
    if persist and not passthrough and count and not card.needs_program:
        matches = records.card_matches(card.ids and card.ids.vendor_id, card.ids and card.ids.product_id, card.identity)
        rule = records.rule(card.address, int(count), matches)
    return CardTarget(
        binding=binding,
        num_vfs=None if count is None else int(count),
        passthrough=passthrough,
        is_max=entry.num_vfs == MAX,
        autoprobe=entry.autoprobe,
        eswitch=entry.eswitch,
        vf_binding=binding_of_option(entry.vf_driver) if entry.vf_driver else None,
        vfs={
            index: VfTarget(binding_of_option(virtual.driver) if virtual.driver else None, virtual.settings)
            for index, virtual in entry.vfs.items()
        },
        record=card.kept.record if persist is None else records.record(entry, card) if persist else None,
        rule=rule,
        remembered=remembered,
        moved_from=card.kept.moved_from if persist else (),
    )


def most_vfs(card: Card) -> int:
    """How many VFs a card can make; its native driver may know a smaller number than the card by itself."""
    known = None if card.is_native else card.kept.native.total_vfs
    return (card.total_vfs if known is None else known) or 0


def present_target(card: Card) -> CardTarget:
    """The very state that a card was observed in."""
    settings = card.settings or {}
    return CardTarget(
        binding=exactly(card.binding),
        num_vfs=card.num_vfs,
        autoprobe=lasting_autoprobe(card),
        eswitch=card.eswitch,
        vfs={
            virtual.number: VfTarget(exactly(virtual.binding), _restorable(settings.get(virtual.number, VfSettings())))
            for virtual in card.virtual_functions
        },
        record=card.kept.record,
        rule=card.kept.rule,
        remembered=card.kept.remembered,
    )


def _restorable(settings: VfSettings) -> VfSettings:
    """Without an address that was never set: no driver accepts zeros."""
    return settings if settings.mac and settings.mac.strip("0:") else settings._replace(mac=None)


def _native(card: Card, drivers: list[str]) -> BindingWanted:
    """The desired driver of the card itself: its current one, the recorded one, or the choice of the kernel."""
    override, driver = card.binding
    if card.is_native:
        # This driver may be intended; but an override to another driver would conflict with it.
        return native(driver)._replace(override=override if override == driver else None)
    known = native_driver(card)
    return native(known if known in drivers else None)


def native_driver(card: Card) -> str | None:
    """The driver that a card is known to have had, or that has to make its VFs."""
    return card.kept.native.driver or (nvidia_sriov.DRIVER if card.needs_program else None)


def binding_of(target: CardTarget, index: int) -> BindingWanted | None:
    """The desired binding of a VF; None if it is not requested."""
    return target.vfs.get(index, VfTarget()).binding or target.vf_binding


def lasting_autoprobe(card: Card) -> bool | None:
    """``sriov_drivers_autoprobe`` as it is when no run is at work on the card, or None if it has none."""
    return True if card.kept.autoprobe_off else card.autoprobe
