# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``available_instances`` counts: the resources that the mdevs of a parent share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from .mdev_types import MdevType, TypeTable

if TYPE_CHECKING:
    from .nvidia_smi import Gpu


class Pool(Protocol):
    """The free instances of a parent. A parent takes when a device is made and gives back when it is gone."""

    def available(self, kind: MdevType) -> int:
        """How many devices of a type could be made now, as the driver shows it."""

    def take(self, kind: MdevType) -> None:
        """Count a new device."""

    def give(self, kind: MdevType) -> None:
        """Count a device that is gone."""


class SharedPool:
    """Resources by name, each type with its cost: mtty's ports, mbochs' memory, GVT-g's three quotients.

    The core's own counter (drivers/vfio/mdev/mdev_core.c, 6.1 and later) is one resource that every type
    takes one of.
    """

    def __init__(self, capacity: Mapping[str, int]) -> None:
        self.free = dict(capacity)

    def available(self, kind: MdevType) -> int:
        """The smallest quotient, rounded towards zero as C does."""
        return min(int(free / self._cost(kind, name)) for name, free in self.free.items() if self._cost(kind, name))

    def take(self, kind: MdevType) -> None:
        """Take the type's cost of every resource."""
        for name in self.free:
            self.free[name] -= self._cost(kind, name)

    def give(self, kind: MdevType) -> None:
        """Give it back."""
        for name in self.free:
            self.free[name] += self._cost(kind, name)

    @staticmethod
    def _cost(kind: MdevType, name: str) -> int:
        return kind.cost.get(name, 0) if kind.cost else 1


class GpuPool:
    """The vGPUs of one physical NVIDIA GPU without SR-IOV: the first one fixes the framebuffer size of all."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def available(self, kind: MdevType) -> int:
        """The type's maximum less those that exist; 0 for every other size."""
        if any(size != kind.framebuffer for size in self.sizes):
            return 0
        return max(0, kind.maximum - len(self.sizes))

    def take(self, kind: MdevType) -> None:
        """One more of this size."""
        self.sizes.append(kind.framebuffer)

    def give(self, kind: MdevType) -> None:
        """One less; the last one frees the GPU for any size."""
        self.sizes.remove(kind.framebuffer)


class SriovGpuPool:
    """The vGPUs of one physical NVIDIA GPU with SR-IOV, over all its VFs.

    Equal size (the default): every vGPU has the framebuffer of the first. Mixed size: they share the
    framebuffer of the whole GPU, ``memory`` in MiB.
    """

    def __init__(self, memory: int, mixed_size: bool, gpu: Gpu | None = None) -> None:
        self.memory = memory
        # With its MIG state, for a GPU that has any.
        self.gpu = gpu
        self.profiles: list[str] = []
        self.mixed_size = mixed_size
        self.sizes: list[int] = []

    def fits(self, kind: MdevType) -> bool:
        """Whether the GPU can take one more of this type: with MIG those on GPU instances, and no others."""
        if bool(self.gpu and self.gpu.enabled) != bool(kind.mig):
            return False
        if self.gpu and kind.mig:
            there = [one.profile for one in self.gpu.instances]
            return there.count(kind.mig) > self.profiles.count(kind.mig)
        if self.mixed_size:
            return sum(self.sizes) + kind.framebuffer <= self.memory
        return len(self.sizes) < kind.maximum and all(size == kind.framebuffer for size in self.sizes)


class VfPool:
    """The one vGPU that a VF can hold, within what its GPU has left."""

    def __init__(self, gpu: SriovGpuPool) -> None:
        self.gpu = gpu
        self.occupied = False

    def available(self, kind: MdevType) -> int:
        """1 if the VF is free and the GPU can take one more of this type, else 0."""
        return int(not self.occupied and self.gpu.fits(kind))

    def take(self, kind: MdevType) -> None:
        """Occupy the VF."""
        self.occupied = True
        self.gpu.sizes.append(kind.framebuffer)
        self.gpu.profiles += [kind.mig] if kind.mig else []

    def give(self, kind: MdevType) -> None:
        """Free the VF."""
        self.occupied = False
        self.gpu.sizes.remove(kind.framebuffer)
        if kind.mig:
            self.gpu.profiles.remove(kind.mig)


def make_pool(table: TypeTable, capacity: int | None = None) -> Pool:
    """The pool of a parent that shares nothing with others; ``capacity`` replaces the table's."""
    if table.pool == "gpu":
        return GpuPool()
    return SharedPool({name: capacity or size for name, size in table.capacity.items()})
