# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Select the existing devices that the entries of the option ``instances`` keep; no I/O."""

from __future__ import annotations

from .._frameworks.definitions import checked_attributes
from .._model.host import Device
from .._model.steps import PlannedDevice
from .._model.wanted import DeviceWanted
from . import matching
from .choice import Catalog
from .mixtures import Mixtures
from .state import Missing, State
from .wanted import MAX


class Claims:
    """The decisions about existing devices so far; errors are added to ``problems``."""

    def __init__(
        self, state: State, catalog: Catalog, mixtures: Mixtures, skip_busy: bool, problems: list[str]
    ) -> None:
        self.catalog = catalog
        self.mixtures = mixtures
        self.skip_busy = skip_busy
        self.unreadable = state.unreadable
        self.problems = problems
        self.kept: list[PlannedDevice] = []
        self.missing: list[Missing] = []
        self.claimed: set[tuple[str, str]] = set()

    def unreadable_cards(self, name: str | None) -> list[str]:
        """Return the cards with unknown state that belong to the name of a card or parent."""
        parents = self.catalog.parents_named(name) if name else []
        cards = dict.fromkeys(parent.card for parent in parents)
        return [card for card in cards if card in self.unreadable]

    def refuse_unreadable(self, label: str, cards: list[str]) -> None:
        """Add an error for each card; ``label`` is the name of the entry in messages."""
        self.problems += [f"{label}: the state of {card} is unknown: {self.unreadable[card]}" for card in cards]

    def with_candidates(self, entry: DeviceWanted) -> DeviceWanted | None:
        """Return the entry with its possible parents; None if it cannot be satisfied."""
        unreadable = self.unreadable_cards(entry.parent)
        if unreadable and self.skip_busy:
            self.miss(entry, entry.amount if isinstance(entry.amount, int) else 1)
        elif unreadable:
            self.refuse_unreadable(entry.label, unreadable)
        else:
            try:
                return matching.with_candidates(self.catalog, entry)
            except ValueError as error:
                self.problems.append(f"{entry.label}: {error}")
        return None

    def miss(self, entry: DeviceWanted, count: int) -> None:
        """Report ``count`` devices of an entry as missing."""
        label = entry.label if self.mixtures.concerns(entry) else ""
        self.missing.append(Missing(entry.place, entry.types, count, label))

    def claim_identity(self, entry: DeviceWanted) -> Device | None:
        """Keep the device that the entry selects by UUID or VF. Return the device if it must be replaced."""
        device = self.catalog.by_uuid.get(entry.uuid or "")
        if device is None:
            device = self.catalog.devices.get((entry.parent or "", entry.parent or ""))
            return device if device and not matching.satisfies(self.catalog, entry, device) else None
        if device.state == "defined" and device.parent in entry.parents:
            return None
        elsewhere = matching.why_not_here(entry, device)
        if elsewhere:
            self.problems.append(elsewhere)
        elif matching.satisfies(self.catalog, entry, device):
            self._keep(device, entry)
        else:
            return device
        return None

    def claim_existing(self, entry: DeviceWanted) -> int | None:
        """Keep matching devices, those in use first; return the number of missing ones, or None for "max"."""
        found = matching.satisfying(self.catalog, entry, self.claimed)
        if entry.amount != MAX:
            found = found[: int(entry.amount)]
        for device in found:
            self._keep(device, entry)
        return None if entry.amount == MAX else int(entry.amount) - len(found)

    def _keep(self, device: Device, entry: DeviceWanted) -> None:
        self.claimed.add(device.key)
        try:
            pairs = entry.attributes or checked_attributes(device)
        except ValueError as error:
            self.problems.append(f"{entry.label}: {error}")
            return
        autostart = device.autostart if entry.autostart is None else entry.autostart
        card = self.catalog.card(device.parent)
        self.kept.append(PlannedDevice.of(device, card, pairs, autostart is not False, entry.place))
