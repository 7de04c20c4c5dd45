# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find cards with several types: allowed combinations, and GPUs that must be emptied first; no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from .._frameworks.capacity import ANY_SIZE, ONE_SIZE
from .._model.host import Device
from .._model.wanted import DeviceWanted
from .choice import Catalog
from .removal import OTHERWISE, describe_uses, removal
from .state import State


class Mixtures:
    """The cards that several entries name."""

    def __init__(self, state: State, wanted: Sequence[DeviceWanted]) -> None:
        entries: dict[str, list[DeviceWanted]] = {}
        of_name = {parent.name: parent.card for parent in state.parents}
        for entry in wanted:
            card = of_name.get(entry.parent or "", entry.parent)
            if card:
                entries.setdefault(card, []).append(entry)
        entries = {card: several for card, several in entries.items() if len(several) > 1 and card in of_name.values()}
        self.cards = set(entries)
        self._places = {entry.place for several in entries.values() for entry in several}
        # Maps GPUs that need different framebuffer sizes but do not allow them yet to the names of the types.
        self.of_sizes: dict[str, list[str]] = {}
        # Most hosts have one entry per card, and then there is nothing to compare.
        if entries:
            self._compare(Catalog(state, set()), entries)
        modes = state.heterogeneous_modes
        # A GPU must be empty when its mode changes.
        self.to_empty = {card for card in self.of_sizes if card in modes and modes[card].mixed is False}

    def _compare(self, catalog: Catalog, entries: dict[str, list[DeviceWanted]]) -> None:
        for card, several in sorted(entries.items()):
            capacity = catalog.capacities[card]
            parent = next(iter(capacity.occupants))
            types = dict.fromkeys(one for entry in several for one in catalog.type_ids(parent, entry.types)[:1])
            sizes = {capacity.framebuffer(type_id) for type_id in types} - {None}
            if capacity.has_heterogeneous_mode and capacity.exclusive and len(sizes) > 1:
                self.of_sizes[card] = [catalog.type_name(parent, type_id) or type_id for type_id in types]

    def concerns(self, entry: DeviceWanted) -> bool:
        """Return whether an entry is one of several for its card."""
        return entry.place in self._places

    def rules(self) -> dict[str, str]:
        """Return the allowed combination of types by card."""
        return {card: ANY_SIZE if card in self.of_sizes else ONE_SIZE for card in self.cards}

    def is_excluded(self, catalog: Catalog, card: str, entry: DeviceWanted, staying: Sequence[Device]) -> bool:
        """Return whether remaining devices exclude an entry, so that the other devices of the card stay unchanged."""
        capacity = catalog.capacities[card]
        if card not in self.cards:
            return capacity.exclusive
        wanted = catalog.type_ids(next(iter(capacity.occupants)), entry.types)
        of_card = [device for device in staying if catalog.card(device.parent) == card]
        return any(capacity.excludes(device.type_id, type_id) for device in of_card for type_id in wanted)

    def describe_occupied(self, card: str, in_use: Sequence[Device], unlisted: Sequence[Device]) -> str:
        """Return why the mode of a GPU cannot change now."""
        sentence = (
            f"{card}: {' and '.join(self.of_sizes[card])} have different framebuffer sizes, which can be enabled only "
            "while the GPU has no vGPU"
        )
        if not in_use:
            return f"{sentence}, and it has {len(unlisted)} that are not listed. Set exact: true to remove them"
        busy = [use for device in in_use for use in describe_uses(device)]
        return f"{sentence}, and {busy[0] if busy else _describe_pending(in_use[0])}"

    def refusals(self, state: State) -> list[str]:
        """Return a sentence for each card that does not support different sizes."""
        return [
            f"{card}: {' and '.join(names)} have different framebuffer sizes, which this GPU cannot have at the same "
            f"time: {state.heterogeneous_modes[card].reason}. Use types of one size"
            for card, names in self.of_sizes.items()
            if card in state.heterogeneous_modes and state.heterogeneous_modes[card].mixed is None
        ]


def _describe_pending(device: Device) -> str:
    name = removal(device).label
    return f"the removal of {name} is pending, because an unknown process has it open. Stop this process. {OTHERWISE}"
