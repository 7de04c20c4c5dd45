# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All frameworks, and their existing and possible devices.

A new framework needs a file in this package and a line here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Optional

from .._devices.pci import NumaNodes, PciFunction
from .._host.root import HostRoot
from .._host.writable import permit
from .._model.host import FrameworkState
from . import attributes, mdev, nvidia_vfio

if TYPE_CHECKING:
    from .base import Framework
    from .capacity import Capacity, CardDevices

# The framework for all buses and vendors comes first.
FRAMEWORKS: tuple[Framework, ...] = (mdev, nvidia_vfio)
BY_NAME = {framework.NAME: framework for framework in FRAMEWORKS}
for framework in FRAMEWORKS:
    permit(framework.PATHS)

NO_PARENTS = "Check that the vendor's vGPU driver is loaded and bound to the card (`lspci -k`)"


class Frameworks:
    """The frameworks on one host. The names of parents are read immediately, types and devices by :meth:`observe`."""

    def __init__(self, host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> None:
        self._host = host
        self._functions = functions
        self._views = {framework.NAME: framework.view(host, functions, numa_nodes) for framework in FRAMEWORKS}

    def of_cards(self) -> dict[str, str]:
        """Return the framework of each card that can have vGPUs or other mdevs, directly or on its VFs."""
        parents = {name: framework for framework, view in self._views.items() for name in view.parent_names}
        return {
            self._functions[name].physical_function or name: framework
            for name, framework in parents.items()
            if name in self._functions
        }

    def observe(self, with_parents: bool = True) -> FrameworkState:
        """Return parents and devices; without ``with_parents``, skip parents whose types are slow to read."""
        found = [view.observe(with_parents) for view in self._views.values()]
        devices = [device for state in found for device in state.devices]
        return FrameworkState(
            [parent for state in found for parent in state.parents],
            # Devices that are only defined come last.
            sorted(devices, key=lambda device: device.state == "defined"),
            {key: one for state in found for key, one in state.definitions.items()},
            {name: types for state in found for name, types in state.known_types.items()},
        )

    def unreadable(self) -> dict[str, str]:
        """Return why the state of a card is unknown, by card."""
        reasons = {card: reason for view in self._views.values() for card, reason in view.unreadable().items()}
        return {**reasons, **self._host.silent}


def capacity_of_card(card: CardDevices) -> Capacity:
    """Return the capacity of a card, or of a parent that is not a PCI function."""
    return BY_NAME[card.parents[0].framework].capacity(card)


def advice(frameworks: Collection[str], vendor_id: Optional[str] = None) -> str:
    """Return what to check for a card whose parents belong to ``frameworks``; ``vendor_id`` may be None."""
    chosen = [framework for framework in FRAMEWORKS if framework.NAME in frameworks]
    return chosen[-1].advice(vendor_id) if chosen else NO_PARENTS


def why_not_settable(framework: str, type_id: str, pairs: Iterable[tuple[str, str]]) -> Optional[str]:
    """Return why devices of a type cannot have the attributes, or None; ``pairs`` are names and values."""
    one = BY_NAME[framework]
    return attributes.why_not(one.describe(type_id), one.settable(type_id), pairs)
