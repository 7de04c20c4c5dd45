# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the steps from the current to the desired devices of a host; no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from .._core.problems import Refused
from .._frameworks.registry import BY_NAME
from .._model.host import Device
from .._model.steps import MakeDevice, PlannedDevice, RemoveDevice, SetHeterogeneousMode
from .._model.wanted import DeviceWanted
from . import persistence
from .choice import NO_MACHINE_ID, Catalog, Choice
from .identities import with_identities
from .kept_devices import Claims
from .matching import matches
from .mixtures import Mixtures
from .removal import describe_uses, is_in_use
from .state import Plan, State
from .wanted import MAX


def plan_instances(
    state: State,
    wanted: Sequence[DeviceWanted],
    present: bool = True,
    exact: bool = False,
    spread: bool = True,
    skip_busy: bool = False,
    persist: bool | None = True,
) -> Plan:
    """Return the plan for ``wanted``; raise :class:`Refused` if it is impossible or forbidden."""
    untouched: set[str] = set()
    mixtures = Mixtures(state, wanted)
    while True:
        attempt = _Attempt(state, wanted, mixtures, exact, spread, skip_busy, untouched)
        result = attempt.present() if present else attempt.absent()
        blocked = attempt.blocked_cards - untouched
        if not blocked:
            steps = persistence.with_persistence(state, result, persist)
            return result._replace(steps=with_identities(state, result, steps, persist))
        # A card that supports one type at a time is changed completely or not at all.
        untouched |= blocked


class _Attempt:
    """One attempt to plan; cards in ``untouched`` stay unchanged."""

    def __init__(
        self,
        state: State,
        wanted: Sequence[DeviceWanted],
        mixtures: Mixtures,
        exact: bool,
        spread: bool,
        skip_busy: bool,
        untouched: set[str],
    ) -> None:
        self.mixtures = mixtures
        self.problems = mixtures.refusals(state)
        self.catalog = Catalog(state, {entry.uuid for entry in wanted if entry.uuid}, self.mixtures.rules())
        self.choice = Choice(self.catalog, spread)
        self.claims = Claims(state, self.catalog, mixtures, skip_busy, self.problems)
        self.wanted = wanted
        self.exact = exact
        self.skip_busy = skip_busy
        self.untouched = untouched
        self.blind_spots = state.blind_spots
        self.unreadable = state.unreadable
        self.blocked_cards: set[str] = set()
        self.removals: list[tuple[Device, int | None]] = []
        self.creations: list[MakeDevice] = []
        self.busy: list[tuple[Device, int | None]] = []
        # The types that each card will certainly have.
        self.present_types: set[tuple[str, str]] = set()

    def present(self) -> Plan:
        """Return the plan for ``state: present``: keep matching devices, remove others, then create missing ones."""
        entries = [entry for entry in map(self.claims.with_candidates, self.wanted) if entry]
        self._refuse()
        # Place entries with fewer alternatives first, and "max" last.
        entries.sort(key=lambda entry: (not entry.uuid, not entry.parent, entry.amount == MAX, len(entry.types)))
        for entry in entries:
            replaced = self.claims.claim_identity(entry)
            if replaced:
                self._remove(replaced, entry)
        open_counts = [(entry, self.claims.claim_existing(entry)) for entry in entries if not entry.uuid]
        if self.exact:
            self._remove_what_is_not_listed(entries)
        self._empty()
        self._settle_removals()
        self._refuse()
        claimed, busy = {uuid for parent, uuid in self.claims.claimed}, {device.uuid for device, _place in self.busy}
        for entry in entries:
            if entry.uuid and entry.uuid in busy:
                self.claims.miss(entry, 1)
            elif entry.uuid and entry.uuid not in claimed:
                self._create(entry, 1)
        for entry, count in open_counts:
            self._create(entry, count)
        self._refuse()
        made = {step.key for step in self.creations}
        self.removals = [one for one in self.removals if one[0].state != "defined" or one[0].key not in made]
        self._settle_definitions()
        self._refuse()
        return self._result()

    def absent(self) -> Plan:
        """Return the plan for ``state: absent``: remove all matching devices."""
        for asked in self.wanted if not self.skip_busy else ():
            self.claims.refuse_unreadable(asked.label, self.claims.unreadable_cards(asked.parent))
        for device in self.catalog.devices.values():
            entry = next((entry for entry in self.wanted if matches(self.catalog, entry, device)), None)
            if entry:
                self._remove(device, entry)
        self._settle_removals()
        self._settle_definitions()
        self._refuse()
        return self._result()

    # Removals

    def _remove_what_is_not_listed(self, entries: Sequence[DeviceWanted]) -> None:
        named = [parent for entry in entries if entry.parent for parent in self.catalog.parents_named(entry.parent)]
        listed = {parent.name for parent in named}
        to_remove = {device.key for device, _place in self.removals}
        for key, device in self.catalog.devices.items():
            if device.parent in listed and key not in self.claims.claimed | to_remove:
                self._remove(device, None)

    def _remove(self, device: Device, entry: DeviceWanted | None) -> None:
        """Plan a removal that an entry, or None for ``exact``, requires; on untouched cards the device is busy."""
        if (
            device.state == "removing"
            or device.state == "active"
            and self.catalog.card(device.parent) in self.untouched
        ):
            self.busy.append((device, entry.place if entry else None))
        else:
            self.removals.append((device, entry.place if entry else None))

    def _empty(self) -> None:
        """Remove and recreate the remaining devices of GPUs whose mode must change."""
        leaving = {device.key for device, _place in self.removals}
        for card in sorted(self.mixtures.to_empty):
            there = self.catalog.devices_on(card)
            in_use = [one for one in there if one.state == "removing" or is_in_use(one)]
            unlisted = [one for one in there if one.key not in self.claims.claimed | leaving and one not in in_use]
            if (in_use or card in self.untouched or card in self.unreadable) and self.skip_busy:
                self.blocked_cards.add(card)
                places = {kept.key: kept.place for kept in self.claims.kept}
                self.busy += [(one, places[one.key]) for one in in_use if one.key in places]
            elif in_use or unlisted:
                self.problems.append(self.mixtures.describe_occupied(card, in_use, unlisted))
            else:
                staying = [one for one in self.claims.kept if one.card == card]
                self.claims.kept = [one for one in self.claims.kept if one.card != card]
                self.removals += [(self.catalog.devices[one.key], one.place) for one in staying]
                self.creations += [MakeDevice(card, one) for one in staying]
                self.present_types |= {(card, str(one.type_id)) for one in staying}
                self.catalog.capacities[card].ignore_counters()

    def _settle_removals(self) -> None:
        """Refuse or skip removal of devices in use, and free the capacity of the others."""
        for device, place in [*self.removals]:
            if device.state != "active" or not is_in_use(device):
                continue
            if self.skip_busy:
                self.busy.append((device, None))
                self.removals.remove((device, place))
            else:
                self.problems += describe_uses(device)
        if self.blind_spots and any(device.state == "active" for device, _place in self.removals):
            self.problems += self.blind_spots
        to_remove = {device.key for device, _place in self.removals}
        for key, device in self.catalog.devices.items():
            if device.state == "active" and key not in to_remove:
                self.present_types.add((self.catalog.card(device.parent), str(device.type_id)))
        made_again = {step.key for step in self.creations}
        for device, _place in self.removals:
            is_freed = device.state == "active" and device.key not in made_again
            if is_freed and device.parent in self.catalog.parents:
                self.catalog.capacity(device.parent).give(device.parent, device.type_id)

    def _settle_definitions(self) -> None:
        """Refuse or skip removal of definitions of stopped guests, which could not start without their device.

        A card that gets new devices is skipped, because these could take the room of the guest's device.
        """
        getting = {step.card for step in self.creations}
        for device, place in [*self.removals]:
            if device.state == "defined" and is_in_use(device):
                if self.skip_busy:
                    self.busy.append((device, place))
                    self.blocked_cards |= getting & {self.catalog.card(device.parent)}
                    self.removals.remove((device, place))
                else:
                    self.problems += describe_uses(device)

    # Creations

    def _create(self, entry: DeviceWanted, count: int | None) -> None:
        """Plan ``count`` more devices of an entry; None means as many as fit."""
        made = 0
        while count is None or made < count:
            chosen = self.choice.next(entry, self.untouched | set(self.unreadable))
            if chosen is None:
                break
            self.creations.append(self._new_device(entry, *chosen, best_effort=count is None))
            made += 1
            if self.problems:
                return
        # A capacity of zero is acceptable only if other entries have used it.
        nothing = count is None and not any(
            device.parent in entry.parents for device in [*self.claims.kept, *(step.device for step in self.creations)]
        )
        if nothing or count is not None and made < count:
            self._lacking(entry, count or 1, made)

    def _new_device(self, entry: DeviceWanted, parent: str, type_id: str, best_effort: bool) -> MakeDevice:
        framework = self.catalog.parents[parent].framework
        is_mdev = BY_NAME[framework].MAKES_MDEVS
        # If the driver rejects the very first device of a type, the card is not full.
        card = self.catalog.card(parent)
        kind = (card, type_id)
        best_effort = best_effort and kind in self.present_types
        self.present_types.add(kind)
        uuid = (entry.uuid or self.catalog.new_uuid(parent, type_id)) if is_mdev else None
        if is_mdev and not uuid:
            self.problems.append(f"{entry.label}: {NO_MACHINE_ID}")
        device = PlannedDevice(
            card=card,
            parent=parent,
            framework=framework,
            uuid=uuid,
            address=None if is_mdev else parent,
            type_id=type_id,
            type_name=self.catalog.type_name(parent, type_id),
            attributes=entry.attributes,
            autostart=entry.autostart is not False,
            place=entry.place,
        )
        return MakeDevice(card, device, best_effort)

    def _lacking(self, entry: DeviceWanted, count: int, made: int) -> None:
        """Skip or refuse an entry for which only ``made`` of ``count`` further devices fit."""
        cards = {self.catalog.card(name) for name in entry.parents}
        unreadable = cards & set(self.unreadable)
        stuck = {self.catalog.card(device.parent) for device, _place in self.busy} & cards | self.untouched & cards
        if (stuck or unreadable) and self.skip_busy:
            busy = [device for device, _place in self.busy]
            self.blocked_cards |= {card for card in stuck if self.mixtures.is_excluded(self.catalog, card, entry, busy)}
            self.claims.miss(entry, count - made)
        else:
            sentence = self.choice.describe_lack(entry, count, made, self.exact)
            skipped = "".join(f". {card} is skipped: {self.unreadable[card]}" for card in sorted(unreadable))
            self.problems.append(f"{entry.label}: {sentence}{skipped}")

    # Result

    def _refuse(self) -> None:
        if self.problems:
            raise Refused(self.problems)

    def _result(self) -> Plan:
        removals = [RemoveDevice(self.catalog.card(device.parent), device, place) for device, place in self.removals]
        made = {step.card for step in self.creations}
        modes = [SetHeterogeneousMode(card) for card in sorted(self.mixtures.to_empty & made)]
        return Plan([*removals, *modes, *self.creations], self.claims.kept, self.busy, self.claims.missing)
