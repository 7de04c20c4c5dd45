# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute the capacity of an NVIDIA GPU from the sizes of its driver, the names of its types, or MIG."""

from __future__ import annotations

import re
from typing import Any, Optional

from .._core.patterns import lazy_pattern
from . import mig_types
from .capacity import ANY_SIZE, ONE_TYPE, Capacity, CardDevices
from .mig_types import GpuInstances

SIZE = lazy_pattern(r"-(\d{1,9})[A-Z]+\d?\Z", re.ASCII)
MIB = 1024


class Gpu(Capacity):
    """An NVIDIA GPU whose driver reports size and largest number of each type.

    By default, all its vGPUs have one framebuffer size; old drivers without SR-IOV allow one type. With SR-IOV, each
    VF has one vGPU. If a GPU offers other sizes next to an existing vGPU, it allows mixed sizes.
    """

    exclusive = True

    def __init__(self, card: CardDevices) -> None:
        super().__init__(card)
        # Attributes in an unknown format are ignored.
        self._by_id = {
            offer.type.id: {name: value for name, value in offer.type.attributes.items() if isinstance(value, int)}
            for offer in self.offers.values()
        }
        self._on_functions = any(parent.name != parent.physical_function for parent in card.parents)
        self.has_heterogeneous_mode = self._on_functions
        self.memory = max(self._stated(one, "framebuffer") * self._stated(one, "max_instance") for one in self._by_id)
        self._one_type = not self._on_functions and (card.mix == ONE_TYPE or self._shows_one_type())
        sizes = {self.framebuffer(type_id) for type_id in self.all_occupants()}
        offered = {self.framebuffer(offer.type.id) for offer in self.offers.values() if offer.available}
        self._mixed = card.mix == ANY_SIZE or len(sizes) > 1 or bool(sizes and offered - sizes)
        if self._mixed:
            self.exclusive = False

    def framebuffer(self, type_id: str | None) -> Optional[int]:
        return self._by_id.get(type_id or "", {}).get("framebuffer")

    def excludes(self, type_id: str | None, other: str) -> bool:
        return not self._mixed and self._size(type_id) != self._size(other)

    def _shows_one_type(self) -> bool:
        """Return whether the driver offers the existing type, and no other type of the same size."""
        existing = set(self.all_occupants())
        if len(existing) != 1:
            return False
        (type_id,) = existing
        size = self.framebuffer(type_id)
        alike = [offer for offer in self.offers.values() if self.framebuffer(offer.type.id) == size]
        room = {offer.type.id: offer.available for offer in alike}
        return bool(room.pop(type_id or "", 0) and room and not any(room.values()))

    def _size(self, type_id: str | None) -> Any:
        return type_id if self._one_type else self.framebuffer(type_id)

    def _expected(self, parent: str, type_id: str) -> int:
        if self._on_functions and self.occupants[parent]:
            return 0
        existing = list(self.all_occupants())
        if not self._mixed and any(other and self._size(other) != self._size(type_id) for other in existing):
            return 0
        room = self._stated(type_id, "max_instance") - len(existing)
        if self._by_id.get(type_id, {}).get("max_instance") is None:
            # The driver does not report the maximum, so use the live counter.
            room = self._live(parent, type_id)
        elif self._mixed:
            used = sum(self._stated(other or "", "framebuffer") for other in existing)
            room = ((self.memory or 0) - used) // max(1, self._stated(type_id, "framebuffer"))
        return max(0, min(room, 1) if self._on_functions else room)

    def _stated(self, type_id: str, name: str) -> int:
        return self._by_id.get(type_id, {}).get(name) or 0


class VendorGpu(Capacity):
    """A GPU of the vendor-specific VFIO framework: one vGPU per VF, and sizes known only from type names.

    The largest type takes the whole framebuffer. It is known only after the GPU was observed without vGPUs, because a
    GPU with vGPUs offers only types of their size.
    """

    has_heterogeneous_mode = True

    def __init__(self, card: CardDevices) -> None:
        super().__init__(card)
        self._sizes = {type_id: _vgpu_size(name) for type_id, name in card.names.items()}
        largest = max((size for size in self._sizes.values() if size), default=None)
        occupied = [self._sizes.get(type_id or "") for type_id in self.all_occupants()]
        offered = {self._sizes[offer.type.id] for offer in self.offers.values() if offer.available}
        seen_mixed = len(set(occupied)) > 1 or bool(occupied and offered - set(occupied))
        self._mixed = card.mix == ANY_SIZE or seen_mixed
        self._memory = largest
        if largest in occupied and not seen_mixed:
            # A GPU that offers nothing on a free VF is full. Otherwise a larger type may be unknown.
            full = not offered and not all(self.occupants.values())
            self._memory = sum(filter(None, occupied)) if full else None
        self.memory = None if self._memory is None else int(self._memory * MIB)
        self.exclusive = not self._mixed

    def framebuffer(self, type_id: str | None) -> Optional[int]:
        size = self._sizes.get(type_id or "")
        return None if size is None else int(size * MIB)

    def excludes(self, type_id: str | None, other: str) -> bool:
        return not self._mixed and self.framebuffer(type_id) != self.framebuffer(other)

    def _expected(self, parent: str, type_id: str) -> int:
        if self.occupants[parent] or type_id not in self._sizes:
            return 0
        size = self._sizes[type_id]
        existing = [known for known in (self._sizes.get(other or "") for other in self.all_occupants()) if known]
        if size is None:
            return 1
        if not self._mixed and any(other != size for other in existing):
            return 0
        return int(self._memory is None or sum(existing) + size <= self._memory)


class MigGpu(Capacity):
    """A GPU with MIG: each vGPU is on a GPU instance that matches its type, and on its own VF."""

    def __init__(self, card: CardDevices, gpu_instances: GpuInstances) -> None:
        super().__init__(card)
        self._names = {**{offer.type.id: offer.type.name for offer in self.offers.values()}, **card.names}
        self._instances = gpu_instances

    def _expected(self, parent: str, type_id: str) -> int:
        if self.occupants[parent]:
            return 0
        others = [self._names.get(other or "") for other in self.all_occupants()]
        return min(1, mig_types.room(self._names.get(type_id), others, self._instances))


def _vgpu_size(name: str | None) -> float | None:
    # Only the driver knows which vGPUs with MIG fit together.
    match = None if mig_types.is_mig_backed(name) else SIZE.search(name or "")
    return (int(match[1]) or 0.5) if match else None
