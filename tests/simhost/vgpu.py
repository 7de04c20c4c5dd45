# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the framework that the driver of a GPU offers on a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import nvidia
from .devices import Part
from .mdev import MdevParent
from .mdev_types import load_table
from .pools import Pool, VfPool, make_pool
from .vendor_vfio import VendorVfio

if TYPE_CHECKING:
    from .pci import PciFunction


def vgpu_parts(function: PciFunction) -> list[Part]:
    """Return the vGPU parts of a function with its own driver: types are on the PF or on its VFs, never on both."""
    spec = function.spec.vgpu
    if spec is None or (spec.on == "vf") != (function.physfn is not None):
        return []
    host, table = function.host, load_table(spec.types)
    pool: Pool
    if function.physfn is None:
        pool = make_pool(table)
    else:
        pool = VfPool(host.gpu_pool(function.physfn, table, spec.mixed_size))
        if spec.framework == "vendor_vfio":
            return [VendorVfio(function, table, pool)]
    attributes = nvidia.mdev_attributes if table.driver == "nvidia" else None
    return [MdevParent(host, function.name, function.path, table, pool, attributes)]
