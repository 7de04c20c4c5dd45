# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute the target state of a card from its entry, and the state for a rollback; no I/O."""

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
    """Return the target of an entry; with ``persist`` None, the files of the card stay unchanged."""
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
            # During early boot, an interface may not have its final name yet.
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
    """Return the largest number of VFs; the native driver may support fewer than the card reports without it."""
    known = None if card.is_native else card.kept.native.total_vfs
    return (card.total_vfs if known is None else known) or 0


def present_target(card: Card) -> CardTarget:
    """Return the observed state of a card as a target, for a rollback."""
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
    """Omit a MAC address that was never set, because drivers reject zeros."""
    return settings if settings.mac and settings.mac.strip("0:") else settings._replace(mac=None)


def _native(card: Card, drivers: list[str]) -> BindingWanted:
    """Return the desired driver of the card itself: current, recorded or selected by the kernel."""
    override, driver = card.binding
    if card.is_native:
        # The current driver may be intended, but an override to another driver would conflict with it.
        return native(driver)._replace(override=override if override == driver else None)
    known = native_driver(card)
    return native(known if known in drivers else None)


def native_driver(card: Card) -> str | None:
    """Return the recorded driver, or the driver that must create the VFs."""
    return card.kept.native.driver or (nvidia_sriov.DRIVER if card.needs_program else None)


def binding_of(target: CardTarget, index: int) -> BindingWanted | None:
    """Return the desired binding of a VF; None if none is requested."""
    return target.vfs.get(index, VfTarget()).binding or target.vf_binding


def lasting_autoprobe(card: Card) -> bool | None:
    """Return ``sriov_drivers_autoprobe`` as it is between runs, or None if the card lacks it."""
    return True if card.kept.autoprobe_off else card.autoprobe
