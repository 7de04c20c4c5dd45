# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources that mdevs of a parent share, counted by ``available_instances``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from .mdev_types import MdevType, TypeTable

if TYPE_CHECKING:
    from .nvidia_smi import Gpu


class Pool(Protocol):
    """The free capacity of a parent, which takes for a new device and gives back for a removed one."""

    def available(self, kind: MdevType) -> int:
        """Return how many devices of a type could be created, as the driver shows it."""

    def take(self, kind: MdevType) -> None:
        """Count a new device."""

    def give(self, kind: MdevType) -> None:
        """Count a removed device."""


class SharedPool:
    """Resources by name, and a cost for each type: ports of mtty, memory of mbochs, three quantities of GVT-g.

    The counter of the mdev core (drivers/vfio/mdev/mdev_core.c, 6.1 and later) is a resource of which every type takes
    one.
    """

    def __init__(self, capacity: Mapping[str, int]) -> None:
        self.free = dict(capacity)

    def available(self, kind: MdevType) -> int:
        """Return the smallest quotient, rounded towards zero like in C."""
        return min(int(free / self._cost(kind, name)) for name, free in self.free.items() if self._cost(kind, name))

    def take(self, kind: MdevType) -> None:
        """Subtract the cost of the type from every resource."""
        for name in self.free:
            self.free[name] -= self._cost(kind, name)

    def give(self, kind: MdevType) -> None:
        """Add the cost of the type to every resource."""
        for name in self.free:
            self.free[name] += self._cost(kind, name)

    @staticmethod
    def _cost(kind: MdevType, name: str) -> int:
        return kind.cost.get(name, 0) if kind.cost else 1


class GpuPool:
    """The vGPUs of a physical NVIDIA GPU without SR-IOV; the first one determines the framebuffer size of all."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def available(self, kind: MdevType) -> int:
        """Return the maximum of the type minus existing vGPUs, or 0 for every other size."""
        if any(size != kind.framebuffer for size in self.sizes):
            return 0
        return max(0, kind.maximum - len(self.sizes))

    def take(self, kind: MdevType) -> None:
        """Add a vGPU of this size."""
        self.sizes.append(kind.framebuffer)

    def give(self, kind: MdevType) -> None:
        """Remove a vGPU; without vGPUs the GPU accepts any size."""
        self.sizes.remove(kind.framebuffer)


class SriovGpuPool:
    """The vGPUs of a physical NVIDIA GPU with SR-IOV on all its VFs.

    With equal sizes (default), every vGPU has the framebuffer of the first. With mixed sizes, they share the
    framebuffer of the whole GPU, ``memory`` in MiB.
    """

    def __init__(self, memory: int, mixed_size: bool, gpu: Gpu | None = None) -> None:
        self.memory = memory
        # The MIG state of the GPU, if it has one.
        self.gpu = gpu
        self.profiles: list[str] = []
        self.mixed_size = mixed_size
        self.sizes: list[int] = []

    def fits(self, kind: MdevType) -> bool:
        """Return whether the GPU can have one more vGPU of this type; with MIG, only types on GPU instances fit."""
        if bool(self.gpu and self.gpu.enabled) != bool(kind.mig):
            return False
        if self.gpu and kind.mig:
            there = [one.profile for one in self.gpu.instances]
            return there.count(kind.mig) > self.profiles.count(kind.mig)
        if self.mixed_size:
            return sum(self.sizes) + kind.framebuffer <= self.memory
        return len(self.sizes) < kind.maximum and all(size == kind.framebuffer for size in self.sizes)


class VfPool:
    """The single vGPU that a VF can have, limited by the capacity of its GPU."""

    def __init__(self, gpu: SriovGpuPool) -> None:
        self.gpu = gpu
        self.occupied = False

    def available(self, kind: MdevType) -> int:
        """Return 1 if the VF is free and the GPU can have one more vGPU of this type, else 0."""
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
    """Return the pool of a parent that does not share it; ``capacity`` replaces that of the table."""
    if table.pool == "gpu":
        return GpuPool()
    return SharedPool({name: capacity or size for name, size in table.capacity.items()})
