# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute how many devices of a type fit on a card, now and after planned removals.

``available_instances`` is the current number. The number after changes depends on what the types of a parent share.
They share quantities (ports, memory, a counter), or an NVIDIA GPU that allows one size, or nothing known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from .._model.host import Offer, Parent
from . import mig_types, nvidia_vfio
from .mig_types import GpuInstances

MTTY = re.compile(r"mtty-([1-9]\d{0,8})\Z", re.ASCII)
MBOCHS_MEMORY = re.compile(r"\b([1-9]\d{0,8}) MB video memory", re.ASCII)
GVT_QUANTITIES = ("low_gm_size", "high_gm_size", "fence")
# The name of a time-sliced vGPU ends with the framebuffer in GB, as in NVIDIA L40S-8Q; 0 means half a GB.
NVIDIA_SIZE = re.compile(r"-(\d{1,9})[A-Z]+\d?\Z", re.ASCII)

MIB = 1024
# Combinations of vGPUs on a GPU. By default a parent has one type, and a GPU one framebuffer size.
ONE_TYPE, ONE_SIZE, ANY_SIZE = "one type", "one size", "any size"

# Parent and type of an existing device; the type is None if unknown.
Occupant = tuple[str, Optional[str]]


def capacity_of_card(
    parents: Sequence[Parent],
    occupants: Sequence[Occupant],
    names: Mapping[str, str | None],
    mix: str = ONE_TYPE,
    gpu_instances: Optional[GpuInstances] = None,
) -> Capacity:
    """Return the capacity of one card, or of one parent that is not a PCI function, from its facts.

    ``names`` maps the ids of all known types of the card to their names. ``mix`` is the allowed combination on a GPU:
    ``ANY_SIZE`` if the GPU has mixed sizes enabled, or will have before its first vGPU is created. ``gpu_instances``
    describes a GPU with MIG; None means without MIG or unknown.
    """
    if gpu_instances is not None:
        return MigGpu(parents, occupants, names, gpu_instances)
    if parents[0].framework == nvidia_vfio.FRAMEWORK:
        return VendorGpu(parents, occupants, names, mix)
    if any(isinstance(offer.type.attributes.get("max_instance"), int) for offer in parents[0].offers):
        return Gpu(parents, occupants, mix)
    return Quantities(parents, occupants)


class Capacity:
    """Base class: occupants by parent, and live counters, which are valid until a removal is planned."""

    # Whether the type of one device excludes other types on the same card.
    exclusive = False
    # Whether the GPU has a mode for vGPUs of different framebuffer sizes.
    has_size_mode = False
    # In MiB: the memory that all devices share, or None if unknown.
    memory: Optional[int] = None

    def __init__(self, parents: Sequence[Parent], occupants: Sequence[Occupant]) -> None:
        self.offers = {(parent.name, offer.type.id): offer for parent in parents for offer in parent.offers}
        self.occupants: dict[str, list[str | None]] = {parent.name: [] for parent in parents}
        for name, type_id in occupants:
            self.occupants[name].append(type_id)
        self._taken: dict[tuple[str, str], int] = {}
        self._given = False

    def room(self, parent: str, type_id: str) -> int:
        """Return how many more devices of a type fit on the parent."""
        expected = self._expected(parent, type_id)
        if self._given:
            return expected
        return max(0, min(expected, self._live(parent, type_id)))

    def _live(self, parent: str, type_id: str) -> int:
        """Return the counter after planned creations; it does not include what planned removals free."""
        offer = self.offers.get((parent, type_id))
        live = (offer.available or 0) if offer else 0
        return live - self._taken.get((parent, type_id), 0)

    def take(self, parent: str, type_id: str) -> None:
        self.occupants[parent].append(type_id)
        self._taken[parent, type_id] = self._taken.get((parent, type_id), 0) + 1

    def give(self, parent: str, type_id: str | None) -> None:
        self.occupants[parent].remove(type_id)
        self._given = True

    def plan_afresh(self) -> None:
        """Ignore the live counters from now on, because planned changes alter them."""
        self._given = True

    def framebuffer(self, type_id: str | None) -> Optional[int]:
        """Return the framebuffer of a vGPU in MiB, or None. By default all vGPUs of a GPU have the same."""
        return None

    def shuts_out(self, type_id: str | None, other: str) -> bool:
        """Return whether a device of a type excludes a device of another type, whatever its size."""
        return False

    def all_occupants(self) -> Iterable[str | None]:
        return (type_id for types in self.occupants.values() for type_id in types)

    def _expected(self, parent: str, type_id: str) -> int:
        raise NotImplementedError


class Quantities(Capacity):
    """Types that share quantities: mtty ports, mbochs memory, GVT-g resources, or the counter of the mdev core.

    The free part of a quantity is at least what the available instances of any type need.
    """

    def __init__(self, parents: Sequence[Parent], occupants: Sequence[Occupant]) -> None:
        super().__init__(parents, occupants)
        offers = parents[0].offers
        self._costs = {offer.type.id: _cost(offer, offers) for offer in offers}
        self._free: dict[str, int] = {}
        for offer in offers:
            for quantity, amount in self._costs[offer.type.id].items():
                needed = (offer.available or 0) * amount
                self._free[quantity] = max(self._free.get(quantity, 0), needed)

    def take(self, parent: str, type_id: str) -> None:
        super().take(parent, type_id)
        self._change(type_id, -1)

    def give(self, parent: str, type_id: str | None) -> None:
        super().give(parent, type_id)
        self._change(type_id, 1)

    def _change(self, type_id: str | None, sign: int) -> None:
        for quantity, amount in self._costs.get(type_id or "", {}).items():
            self._free[quantity] += sign * amount

    def _expected(self, parent: str, type_id: str) -> int:
        costs = self._costs.get(type_id)
        return min(self._free[quantity] // amount for quantity, amount in costs.items()) if costs else 0


class Gpu(Capacity):
    """An NVIDIA GPU whose driver reports size and largest number of each type.

    By default all its vGPUs have one framebuffer size, and with old drivers without SR-IOV one type. With SR-IOV each
    VF has one vGPU. If a GPU offers other sizes next to an existing vGPU, it allows mixed sizes.
    """

    exclusive = True

    def __init__(self, parents: Sequence[Parent], occupants: Sequence[Occupant], mix: str = ONE_TYPE) -> None:
        super().__init__(parents, occupants)
        # Attributes in an unknown format are ignored.
        self._by_id = {
            offer.type.id: {name: value for name, value in offer.type.attributes.items() if isinstance(value, int)}
            for parent in parents
            for offer in parent.offers
        }
        self._on_functions = any(parent.name != parent.physical_function for parent in parents)
        self.has_size_mode = self._on_functions
        self.memory = max(self._stated(one, "framebuffer") * self._stated(one, "max_instance") for one in self._by_id)
        self._one_type = not self._on_functions and (mix == ONE_TYPE or self._shows_one_type())
        sizes = {self.framebuffer(type_id) for type_id in self.all_occupants()}
        offered = {self.framebuffer(offer.type.id) for offer in self.offers.values() if offer.available}
        self._mixed = mix == ANY_SIZE or len(sizes) > 1 or bool(sizes and offered - sizes)
        if self._mixed:
            self.exclusive = False

    def framebuffer(self, type_id: str | None) -> Optional[int]:
        return self._by_id.get(type_id or "", {}).get("framebuffer")

    def shuts_out(self, type_id: str | None, other: str) -> bool:
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

    has_size_mode = True

    def __init__(
        self,
        parents: Sequence[Parent],
        occupants: Sequence[Occupant],
        names: Mapping[str, str | None],
        mix: str = ONE_TYPE,
    ) -> None:
        super().__init__(parents, occupants)
        self._sizes = {type_id: _vgpu_size(name) for type_id, name in names.items()}
        largest = max((size for size in self._sizes.values() if size), default=None)
        occupied = [self._sizes.get(type_id or "") for type_id in self.all_occupants()]
        offered = {self._sizes[offer.type.id] for offer in self.offers.values() if offer.available}
        seen_mixed = len(set(occupied)) > 1 or bool(occupied and offered - set(occupied))
        self._mixed = mix == ANY_SIZE or seen_mixed
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

    def shuts_out(self, type_id: str | None, other: str) -> bool:
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

    def __init__(
        self,
        parents: Sequence[Parent],
        occupants: Sequence[Occupant],
        names: Mapping[str, str | None],
        gpu_instances: GpuInstances,
    ) -> None:
        super().__init__(parents, occupants)
        self._names = {**{offer.type.id: offer.type.name for offer in self.offers.values()}, **names}
        self._instances = gpu_instances

    def _expected(self, parent: str, type_id: str) -> int:
        if self.occupants[parent]:
            return 0
        others = [self._names.get(other or "") for other in self.all_occupants()]
        return min(1, mig_types.room(self._names.get(type_id), others, self._instances))


def _vgpu_size(name: str | None) -> float | None:
    # Only the driver knows which vGPUs with MIG fit together.
    match = None if nvidia_vfio.MIG.search(name or "") else NVIDIA_SIZE.search(name or "")
    return (int(match[1]) or 0.5) if match else None


def _cost(offer: Offer, siblings: Sequence[Offer]) -> dict[str, int]:
    """Return how much one device takes of each quantity that the types of its parent share."""
    ports = MTTY.match(offer.type.id)
    if ports:
        return {"ports": int(ports[1])}
    memory = MBOCHS_MEMORY.search(offer.type.description or "")
    if memory:
        return {"memory": int(memory[1])}
    quotas = {name: offer.type.attributes.get(name) for name in GVT_QUANTITIES}
    amounts = {name: quota for name, quota in quotas.items() if isinstance(quota, int) and quota > 0}
    if len(amounts) == len(quotas):
        return amounts
    # The mdev core counts all types of a parent together, so all show the same number.
    if len({one.available for one in siblings}) == 1:
        return {"devices": 1}
    return {offer.type.id: 1}
