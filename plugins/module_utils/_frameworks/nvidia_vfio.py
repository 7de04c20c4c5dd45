# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read vGPUs of NVIDIA's vendor-specific VFIO framework, where a VF gets a type and there is no mdev.

Source: NVIDIA vGPU user guide, "Creating an NVIDIA vGPU on Linux by using a vendor-specific VFIO framework".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Optional

from .._devices.pci import DEVICES, NumaNodes, PciFunction
from .._host.root import HostError, HostRoot
from . import nvidia_vfio_view
from .attributes import VGPU_PARAMS
from .nvidia_vfio_view import CREATABLE_TYPES, CURRENT_TYPE, NO_TYPE, Vgpus, parse_creatable_types

if TYPE_CHECKING:
    from .capacity import Capacity, CardDevices

NAME, TITLE = nvidia_vfio_view.NAME, "vendor VFIO"
MAKES_MDEVS = False
PATHS = {
    f"{DEVICES}/<address>/{CURRENT_TYPE}": "creates and removes the vGPU of a VF",
    f"{DEVICES}/<address>/{VGPU_PARAMS}": "sets the parameters of the new vGPU of a VF",
}
ADVICE = (
    "Its creatable_vgpu_types are empty. If MIG mode is enabled without GPU instances (`nvidia-smi mig -lgi`), "
    "create GPU instances (`nvidia-smi mig -cgi PROFILE`) or disable MIG mode (`nvidia-smi -mig 0`). "
    "Otherwise check the service of the NVIDIA vGPU driver (`systemctl status nvidia-vgpu-mgr`)"
)


def view(host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> Vgpus:
    return Vgpus(host, functions, numa_nodes)


def capacity(card: CardDevices) -> Capacity:
    from .nvidia_capacity import MigGpu, VendorGpu

    return VendorGpu(card) if card.gpu_instances is None else MigGpu(card, card.gpu_instances)


def settable(type_id: str) -> Optional[tuple[str, ...]]:
    return (VGPU_PARAMS,)


def describe(type_id: str) -> str:
    return "a vendor-specific vGPU"


def lists_types(rooms: Sequence[Optional[int]]) -> bool:
    # The facts of a VF also list other types of its model, with 0 available.
    return any(rooms)


def advice(vendor_id: Optional[str]) -> str:
    return ADVICE


def offers_types(host: HostRoot, parent: str) -> bool:
    return host.exists(_type_path(parent))


def occupant(host: HostRoot, function: PciFunction) -> Optional[str]:
    if "nvidia" not in function.entries:
        return None
    path = _type_path(function.address)
    current = host.read_line(path, optional=True)
    if host.unread(path):
        return "possibly a vGPU, whose type is unreadable"
    return None if current in (None, NO_TYPE) else f"a vGPU of type {current}"


def directory(parent: str, identity: str) -> str:
    return f"{DEVICES}/{identity}"


def make(host: HostRoot, parent: str, identity: str, type_id: str) -> bool:
    _set_type(host, identity, type_id)
    return True


def remove(host: HostRoot, parent: str, identity: str) -> None:
    _set_type(host, identity, NO_TYPE)


def has_room(host: HostRoot, parent: str, type_id: str) -> bool:
    table = host.read(f"{DEVICES}/{parent}/{CREATABLE_TYPES}") or ""
    return type_id in parse_creatable_types(table)


def vanished(host: HostRoot, made: Mapping[str, str]) -> set[str]:
    return {address for address, type_id in made.items() if host.read(_type_path(address)) != type_id}


def _set_type(host: HostRoot, address: str, type_id: str) -> None:
    path = _type_path(address)
    # The driver rejects writing the current type again, and 0 if there is no type.
    if host.read(path) == type_id:
        return
    host.write(path, type_id)
    if not host.wait(lambda: host.read(path) == type_id):
        raise HostError(f"/{path} reads {host.read(path)}, although {type_id} was written", path, type_id)


def _type_path(address: str) -> str:
    return f"{DEVICES}/{address}/{CURRENT_TYPE}"
