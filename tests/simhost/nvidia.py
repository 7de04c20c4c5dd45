# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of NVIDIA's host driver: the entry of a GPU in proc, and the parameters of a vGPU."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from .devices import Device
from .kstrto import error, text
from .operations import Steps
from .tree import Attribute, constant

if TYPE_CHECKING:
    from .mdev import Mdev
    from .pci import PciFunction

VGPU_PARAMS_SIZE = 1024
NO_GPU_INSTANCE = 0xFFFFFFFF


class VgpuParams:
    """``vgpu_params``: EPERM while in use, E2BIG if too long, ENXIO if unset; a space clears it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.value = ""

    def show(self) -> str:
        """Show function."""
        if not self.value:
            raise error(errno.ENXIO)
        return f"{self.value}\n"

    def store(self, data: bytes) -> None:
        """Store function."""
        if len(data) > VGPU_PARAMS_SIZE:
            raise error(errno.E2BIG)
        if self.device.holders:
            raise error(errno.EPERM)
        self.value = text(data).decode("utf-8", "replace").removesuffix("\n").strip(" ")


def mdev_attributes(mdev: Mdev) -> dict[str, Attribute]:
    """Return the files that the driver adds to an mdev; ``vm_name`` is empty unless a VM runs."""
    params = VgpuParams(mdev)
    return {
        "nvidia/vgpu_params": Attribute(params.show, params.store),
        "nvidia/vm_name": Attribute(lambda: "".join(f"{holder.process.vm_name}\n" for holder in mdev.holders[:1])),
        "nvidia/placement_id": constant("Not applicable"),
        "nvidia/gpu_instance_id": constant(NO_GPU_INSTANCE),
    }


class GpuEntry:
    """``proc/driver/nvidia/gpus/<address>``, with the lock that sriov-manage takes before it unbinds the GPU."""

    def __init__(self, function: PciFunction) -> None:
        self.function = function
        self.host = function.host
        self.path = f"proc/driver/nvidia/gpus/{function.name}"
        self.locked = False

    def attach(self) -> None:
        """Create the entry."""
        self.host.tree.attributes(
            self.path,
            {
                "information": constant(f"Bus Location: \t {self.function.name}"),
                "unbindLock": Attribute(lambda: f"{int(self.locked)}\n", self._store_lock),
            },
        )

        self.host.tree.attributes("proc/driver/nvidia", {"params": Attribute(self._show_parameters)})

    def _show_parameters(self) -> str:
        """Return the last lines of the module parameters (nv_procfs_read_params)."""
        words = {"RegistryDwords": "", "RegistryDwordsPerDevice": "", **self.host.nvidia_parameters}
        return "ResmanDebugLevel: 4294967295\n" + "".join(f'{name}: "{value}"\n' for name, value in words.items())

    def detach(self) -> Steps[None]:
        """Remove the entry."""
        yield from ()
        self.host.nvidia_smi.forget(self.function)
        self.host.tree.remove(self.path)

    def _store_lock(self, data: bytes) -> None:
        # The lock is not granted while an NVML client has the GPU open, but the write succeeds.
        self.locked = text(data).startswith(b"1") and not self.host.nvml_clients
