# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The interface of a framework. Each framework is one way to create devices on a card, and one file here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Optional, Protocol

from .._devices.pci import NumaNodes, PciFunction
from .._host.root import HostRoot
from .._model.host import FrameworkState
from .capacity import Capacity, CardDevices


class View(Protocol):
    """The parents and devices of one framework on one host."""

    @property
    def parent_names(self) -> Sequence[str]:
        """Return the names of all parents."""

    def observe(self, with_parents: bool = True) -> FrameworkState:
        """Return parents and devices. Without ``with_parents``, parents whose types are slow to read may be missing."""

    def unreadable(self) -> Mapping[str, str]:
        """Return why the devices of a card are unknown, by card."""


class Framework(Protocol):
    """The names that a module of this package must define.

    ``identity`` is the UUID of an mdev or the address of a VF. ``parent`` is the name of a parent.
    """

    NAME: str  # in facts
    TITLE: str  # in messages
    MAKES_MDEVS: bool  # if false, a device is a VF with a type
    # Files of the driver that are written: maps patterns of writable.Writable to reasons for the guide on safety.
    PATHS: dict[str, str]

    def view(self, host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> View:
        """Return the view of a host. This call reads only the names of parents."""

    def capacity(self, card: CardDevices) -> Capacity:
        """Return the capacity of a card."""

    def settable(self, type_id: str) -> Optional[tuple[str, ...]]:
        """Return the attributes of devices of a type, or None if they are unknown."""

    def describe(self, type_id: str) -> str:
        """Return the name of a device of a type in messages, with its article."""

    def lists_types(self, rooms: Sequence[Optional[int]]) -> bool:
        """Return whether a parent lists types. ``rooms`` are the available instances of each type."""

    def advice(self, vendor_id: Optional[str]) -> str:
        """Return what to check for a card that lists no types; ``vendor_id`` is None if it is unknown."""

    def offers_types(self, host: HostRoot, parent: str) -> bool:
        """Return whether the parent exists and has types. After a boot, some drivers create them late."""

    def occupant(self, host: HostRoot, function: PciFunction) -> Optional[str]:
        """Return, for a message, what a function would lose with its driver, such as a type; None if nothing.

        Mediated devices are excluded, because all mdevs of a host are read together.
        """

    def directory(self, parent: str, identity: str) -> str:
        """Return the directory of an existing device, which contains its attributes."""

    def make(self, host: HostRoot, parent: str, identity: str, type_id: str) -> bool:
        """Create a device and read it back; raise HostError on failure.

        Return False if another program has already created the same device with the same attributes.
        """

    def remove(self, host: HostRoot, parent: str, identity: str) -> None:
        """Remove a device and check the removal; raise HostError on failure or timeout."""

    def has_room(self, host: HostRoot, parent: str, type_id: str) -> bool:
        """Return whether the driver reports room for one more device of a type on the parent."""

    def vanished(self, host: HostRoot, made: Mapping[str, str]) -> set[str]:
        """Return the devices that disappeared or changed their type; ``made`` maps identities to types."""
