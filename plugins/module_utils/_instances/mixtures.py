# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Cards with several types: what may be together on them, and which have to be emptied for it first; no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from .._core.problems import holders
from .._frameworks.capacity import ANY_SIZE, ONE_SIZE
from .._model.host import Device
from .._model.wanted import DeviceWanted
from .choice import Inventory
from .state import State

SKIP = "on_busy: skip (in the roles vfio_on_busy: skip)"


def describe_busy(device: Device, unreadable: str | None) -> str:
    """Why a device cannot be removed."""
    sentence = f"{device.id} on {device.parent} would be removed, but"
    if unreadable and not any(user["pid"] or user["domain"] for user in device.users):
        return f"{sentence} may be in use: {unreadable}"
    return f"{sentence} is in use by {holders(device.users)}. Stop this use, or skip the device with {SKIP}"


class Mixtures:
    """The cards that several entries name."""

    def __init__(self, state: State, wanted: Sequence[DeviceWanted]) -> None:
        inventory = Inventory(state, set())
        types: dict[str, dict[str, None]] = {}
        entries: dict[str, int] = {}
        for entry in wanted:
            for card in dict.fromkeys(parent.card for parent in inventory.parents_named(entry.parent or "")):
                entries[card] = entries.get(card, 0) + 1
                (first,) = [one.name for one in inventory.parents.values() if one.card == card][:1]
                types.setdefault(card, {}).update(dict.fromkeys(inventory.type_ids(first, entry.types)[:1]))
        self.cards = {card for card, number in entries.items() if number > 1}
        # By card the names of its types, where these have several framebuffer sizes and the GPU does not allow it yet.
        self.of_sizes: dict[str, list[str]] = {}
        for card in sorted(self.cards):
            rooms = inventory.capacities[card]
            sizes = {rooms.framebuffer(type_id) for type_id in types[card]} - {None}
            if rooms.has_size_mode and rooms.exclusive and len(sizes) > 1:
                parent = next(iter(rooms.occupants))
                names = (inventory.type_name(parent, type_id) or type_id for type_id in types[card])
                self.of_sizes[card] = list(names)
        modes = state.size_modes
        # They have to be empty when their mode changes.
        self.to_empty = {card for card in self.of_sizes if card in modes and modes[card].mixed is False}

    def rules(self) -> dict[str, str]:
        """By card what may be together on it."""
        return {card: ANY_SIZE if card in self.of_sizes else ONE_SIZE for card in self.cards}

    def is_shut(self, inventory: Inventory, card: str, entry: DeviceWanted, staying: Sequence[Device]) -> bool:
        """Whether devices that stay leave no room for an entry, so that the others of the card are not changed."""
        rooms = inventory.capacities[card]
        if card not in self.cards:
            return rooms.exclusive
        wanted = inventory.type_ids(next(iter(rooms.occupants)), entry.types)
        of_card = [device for device in staying if inventory.card(device.parent) == card]
        return any(rooms.shuts_out(device.type_id, type_id) for device in of_card for type_id in wanted)

    def describe_occupied(self, card: str, in_use: Sequence[Device], unlisted: Sequence[Device]) -> str:
        """Why the mode of a GPU cannot change now."""
        sentence = (
            f"{card}: {' and '.join(self.of_sizes[card])} have different framebuffer sizes, which can be enabled only "
            "while the GPU has no vGPU"
        )
        if not in_use:
            return f"{sentence}, and it has {len(unlisted)} that are not listed. Set exact: true to remove them"
        busy = f"{in_use[0].id} is in use by {holders(in_use[0].users)}"
        return f"{sentence}, and {busy}. Stop this use, or skip the card with {SKIP}"

    def refusals(self, state: State) -> list[str]:
        """A sentence for each card that cannot have several sizes."""
        return [
            f"{card}: {' and '.join(names)} have different framebuffer sizes, which this GPU cannot have at the same "
            f"time: {state.size_modes[card].reason}. Use types of one size"
            for card, names in self.of_sizes.items()
            if card in state.size_modes and state.size_modes[card].mixed is None
        ]
