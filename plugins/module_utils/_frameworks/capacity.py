# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute how many devices of a type fit on a card, now and after planned removals.

``available_instances`` is the current number. The number after changes depends on what the types of a card share, which
each framework knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional

from .._model.host import Parent
from .mig_types import GpuInstances

ONE_TYPE, ONE_SIZE, ANY_SIZE = "one type", "one size", "any size"


class CardDevices(NamedTuple):
    """The input of a capacity: a card, or a parent that is not a PCI function, with its devices."""

    parents: Sequence[Parent]
    occupants: Sequence[tuple[str, Optional[str]]]  # parent and type of each device
    names: Mapping[str, Optional[str]]  # of all known types of the card, by id
    mix: str = ONE_TYPE  # ANY_SIZE if the GPU allows mixed sizes, or will before its first vGPU is created
    gpu_instances: Optional[GpuInstances] = None  # None without MIG, or if they are unknown


class Capacity:
    """Base class: occupants by parent, and live counters, which are valid until a removal is planned."""

    # Whether the type of one device excludes other types on the same card.
    exclusive = False
    # Whether the GPU has a mode for vGPUs of different framebuffer sizes.
    has_heterogeneous_mode = False
    # In MiB: the memory that all devices share, or None if unknown.
    memory: Optional[int] = None

    def __init__(self, card: CardDevices) -> None:
        self.offers = {(parent.name, offer.type.id): offer for parent in card.parents for offer in parent.offers}
        self.occupants: dict[str, list[str | None]] = {parent.name: [] for parent in card.parents}
        for name, type_id in card.occupants:
            self.occupants[name].append(type_id)
        self._taken: dict[tuple[str, str], int] = {}
        # Whether a removal is planned, so that the live counters are no longer valid.
        self._counters_are_outdated = False

    def room(self, parent: str, type_id: str) -> int:
        """Return how many more devices of a type fit on the parent."""
        expected = self._expected(parent, type_id)
        if self._counters_are_outdated:
            return expected
        return max(0, min(expected, self._live(parent, type_id)))

    def _live(self, parent: str, type_id: str) -> int:
        """Return the counter after planned creations; it does not include what planned removals free."""
        offer = self.offers.get((parent, type_id))
        live = (offer.available or 0) if offer else 0
        return live - self._taken.get((parent, type_id), 0)

    def take(self, parent: str, type_id: str) -> None:
        """Count a device that is planned on the parent."""
        self.occupants[parent].append(type_id)
        self._taken[parent, type_id] = self._taken.get((parent, type_id), 0) + 1

    def give(self, parent: str, type_id: str | None) -> None:
        """Count the planned removal of a device from the parent."""
        self.occupants[parent].remove(type_id)
        self._counters_are_outdated = True

    def ignore_counters(self) -> None:
        """Ignore the live counters from now on, because planned changes alter them."""
        self._counters_are_outdated = True

    def framebuffer(self, type_id: str | None) -> Optional[int]:
        """Return the framebuffer of a vGPU in MiB, or None. By default all vGPUs of a GPU have the same."""
        return None

    def excludes(self, type_id: str | None, other: str) -> bool:
        """Return whether a device of a type excludes a device of another type, whatever its size."""
        return False

    def all_occupants(self) -> Iterable[str | None]:
        return (type_id for types in self.occupants.values() for type_id in types)

    def _expected(self, parent: str, type_id: str) -> int:
        raise NotImplementedError
