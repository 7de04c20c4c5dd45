# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What a framework is: one way to make devices on a card, in one file of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Optional, Protocol

from .._devices.pci import NumaNodes, PciFunction
from .._host.root import HostRoot
from .._model.host import Made
from .capacity import Capacity, CardDevices


class View(Protocol):
    """What one framework has on one host."""

    @property
    def parent_names(self) -> Sequence[str]:
        """The names of all parents."""

    def observe(self, with_parents: bool = True) -> Made:
        """Parents and devices; ``with_parents`` false allows to skip the parents, whose types may take a while."""

    def unreadable(self) -> Mapping[str, str]:
        """By card why it is unknown which devices it has."""


class Framework(Protocol):
    """A module of this package with these names.

    A device is known by its ``identity``: the UUID of an mdev, or the address of a VF. ``parent`` is a parent's name.
    """

    NAME: str  # in facts
    TITLE: str  # for people
    MAKES_MDEVS: bool  # otherwise a device is a VF that was given a type

    def view(self, host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> View:
        """What the framework has on a host, of which this reads no more than the names of parents."""

    def capacity(self, card: CardDevices) -> Capacity:
        """What still fits on a card."""

    def settable(self, type_id: str) -> Optional[tuple[str, ...]]:
        """The attributes that a device of a type has; None if they are not known."""

    def describe(self, type_id: str) -> str:
        """What a sentence calls a device of a type, with its article."""

    def lists_types(self, rooms: Sequence[Optional[int]]) -> bool:
        """Whether a parent lists types now, from how many more devices of each type it can have."""

    def advice(self, vendor_id: Optional[str]) -> str:
        """What to check on a card that lists no types; ``vendor_id`` is None where it is unknown."""

    def offers_types(self, host: HostRoot, parent: str) -> bool:
        """Whether the parent is there with its types; after a boot some drivers need a while."""

    def occupant(self, host: HostRoot, function: PciFunction) -> Optional[str]:
        """What a function has been given and would lose with its driver, for a sentence; None if nothing.

        Mediated devices are not meant, since all of a host are read together.
        """

    def directory(self, parent: str, identity: str) -> str:
        """The directory of an existing device, with its attributes."""

    def make(self, host: HostRoot, parent: str, identity: str, type_id: str) -> bool:
        """Create a device, and read it back; HostError if it fails.

        False if another program was faster and has created the very same device, attributes included.
        """

    def remove(self, host: HostRoot, parent: str, identity: str) -> None:
        """Remove a device, and read it back; HostError if it fails, or does not end in time."""

    def has_room(self, host: HostRoot, parent: str, type_id: str) -> bool:
        """Whether the driver says now that the parent can make one more device of a type."""

    def vanished(self, host: HostRoot, made: Mapping[str, str]) -> set[str]:
        """The identities of devices that have disappeared or have another type; ``made`` has the types by identity."""
