# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NVIDIA's vendor-specific VFIO framework: a VF gets a vGPU type through its own files, without mdev."""

from __future__ import annotations

import errno

from .devices import Device, VfioDevice
from .kstrto import error, unsigned
from .mdev_types import MdevType, TypeTable
from .nvidia import NO_GPU_INSTANCE, VgpuParams
from .operations import Steps
from .pools import VfPool
from .tree import Attribute

HEADER = "ID    : vGPU Name\n"


class VendorVfio:
    """The vGPU files of a VF, and its VFIO device."""

    def __init__(self, function: Device, table: TypeTable, pool: VfPool) -> None:
        self.function = function
        self.table = table
        self.pool = pool
        self.vfio = VfioDevice(function)
        self.current: MdevType | None = None
        self.params = VgpuParams(function)

    def attach(self) -> None:
        """Show the files and offer the VF through VFIO."""
        self.function.host.tree.attributes(
            f"{self.function.path}/nvidia",
            {
                "creatable_vgpu_types": Attribute(self._show_creatable),
                "current_vgpu_type": Attribute(lambda: f"{self.current.id if self.current else 0}\n", self._store_type),
                "vgpu_params": Attribute(self.params.show, self.params.store),
                "placement_id": Attribute(self._show_placement),
                "gpu_instance_id": Attribute(self._show_gpu_instance),
            },
        )
        self.vfio.attach()

    def detach(self) -> Steps[None]:
        """Wait for users; the type is lost."""
        yield from self.vfio.detach()
        self._clear()
        self.function.host.tree.remove(f"{self.function.path}/nvidia")

    def check_open(self) -> None:
        """Raise ENODEV for a VF without a type."""
        if self.current is None:
            raise error(errno.ENODEV)

    def select(self, type_id: int) -> None:
        """Set a type. Raises OSError: EPERM if there is one, EIO if this type does not fit now."""
        if self.current is not None:
            raise error(errno.EPERM)
        kind = self.table.find(type_id)
        if kind is None or not self.pool.available(kind):
            raise error(errno.EIO)
        self.pool.take(kind)
        self.current = kind

    def _clear(self) -> None:
        if self.current is not None:
            self.pool.give(self.current)
            self.current = None
            # The parameters belong to the vGPU and not to its function.
            self.params.value = ""

    def _store_type(self, data: bytes) -> None:
        type_id = unsigned(data, 32, base=10)
        if type_id:
            self.select(type_id)
        elif self.current is None or self.function.holders:
            raise error(errno.EPERM)
        else:
            self._clear()

    def _show_creatable(self) -> str:
        kinds = [kind for kind in self.table.types if self.pool.available(kind)]
        return HEADER + "".join(f"{kind.id:<5} : {kind.name}\n" for kind in kinds)

    def _show_placement(self) -> str:
        self._check_type()
        return "Not applicable\n"

    def _show_gpu_instance(self) -> str:
        self._check_type()
        return f"{NO_GPU_INSTANCE}\n"

    def _check_type(self) -> None:
        if self.current is None:
            raise error(errno.ENXIO)
