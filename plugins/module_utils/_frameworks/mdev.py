# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Mediated devices: a parent creates devices of the types of its driver, and each device has a UUID."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Optional

from .._devices.pci import NumaNodes, PciFunction
from .._host.root import HostError, HostRoot
from .._model.host import FrameworkState
from . import attributes, nvidia_sriov
from .definitions import apply_definitions, read_definitions
from .mdev_view import AVAILABLE, DEVICES, MDEV, PARENTS, Mdevs

if TYPE_CHECKING:
    from .capacity import Capacity, CardDevices

NAME = TITLE = MDEV
MAKES_MDEVS = True
PATHS = {
    f"{PARENTS}/<parent>/mdev_supported_types/<type>/create": "creates an mdev",
    f"{PARENTS}/<parent>/<uuid>/<attribute>": "sets an attribute of a new mdev",
    f"{DEVICES}/<uuid>/remove": "removes an mdev",
}
# In seconds: the wait for another program that is creating the same device.
BY_OTHERS = 5.0
NVIDIA_SERVICES = "`systemctl status nvidia-vgpud nvidia-vgpu-mgr`"
NO_TYPES = "Its mdev_supported_types is empty. Check"
NVIDIA_ADVICE = f"{NO_TYPES} the services of the NVIDIA vGPU driver ({NVIDIA_SERVICES})"
ADVICE = f"{NO_TYPES} the kernel log of the vendor's vGPU driver (`journalctl -k`)"


class DefinedMdevs(Mdevs):
    """Mediated devices together with the definitions of mdevctl."""

    def observe(self, with_parents: bool = True) -> FrameworkState:
        """Return parents and devices, including devices that are only defined."""
        devices = self.devices()
        parents = self.parents(devices) if with_parents else []
        definitions = read_definitions(self._host)
        existing, defined = apply_definitions(self._host, definitions, devices, self)
        return FrameworkState(parents, [*existing, *defined], definitions)

    def unreadable(self) -> Mapping[str, str]:
        """Return nothing, since the kernel lists its mdevs itself."""
        return {}


def view(host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> DefinedMdevs:
    return DefinedMdevs(host, functions, numa_nodes)


def capacity(card: CardDevices) -> Capacity:
    # Only one of these modules is needed, and Ansible compiles each import in each run.
    from .nvidia_capacity import Gpu, MigGpu
    from .quantities import Quantities

    if card.gpu_instances is not None:
        return MigGpu(card, card.gpu_instances)
    if any(isinstance(offer.type.attributes.get("max_instance"), int) for offer in card.parents[0].offers):
        return Gpu(card)
    return Quantities(card)


def settable(type_id: str) -> Optional[tuple[str, ...]]:
    return attributes.of_type(type_id)


def describe(type_id: str) -> str:
    return f"a device of type {type_id}"


def lists_types(rooms: Sequence[Optional[int]]) -> bool:
    return bool(rooms)


def advice(vendor_id: Optional[str]) -> str:
    if vendor_id is None:
        return f"{ADVICE}, and for an NVIDIA GPU its services ({NVIDIA_SERVICES})"
    return NVIDIA_ADVICE if vendor_id == nvidia_sriov.VENDOR else ADVICE


def offers_types(host: HostRoot, parent: str) -> bool:
    return bool(host.names(f"{PARENTS}/{parent}/mdev_supported_types"))


def occupant(host: HostRoot, function: PciFunction) -> Optional[str]:
    return None


def directory(parent: str, identity: str) -> str:
    return f"{PARENTS}/{parent}/{identity}"


def make(host: HostRoot, parent: str, identity: str, type_id: str) -> bool:
    try:
        host.write(f"{PARENTS}/{parent}/mdev_supported_types/{type_id}/create", identity)
    except HostError as error:
        # mdevctl creates all defined devices, with attributes, as soon as their parent appears.
        wait = min(BY_OTHERS, host.timeout)
        if error.errno == "EEXIST" and host.wait(lambda: _is_made(host, parent, identity, type_id), wait):
            return False
        raise
    if host.link_name(f"{identity}/mdev_type", below=f"{PARENTS}/{parent}") != type_id:
        text = f"the kernel accepted {identity}, but the device of type {type_id} does not exist"
        raise HostError(text, directory(parent, identity), identity)
    return True


def remove(host: HostRoot, parent: str, identity: str) -> None:
    path = f"{DEVICES}/{identity}"
    try:
        host.write(f"{path}/remove", "1")
    except HostError as error:
        if error.errno != "ENOENT" or host.exists(path):
            raise
    below = directory(parent, identity)
    if not host.wait(lambda: not host.exists(path) and not host.exists(below)):
        raise HostError(f"{identity} still exists after its removal", path, "1", pending=True)


def has_room(host: HostRoot, parent: str, type_id: str) -> bool:
    return bool(host.read_number(f"{PARENTS}/{parent}/mdev_supported_types/{type_id}/{AVAILABLE}"))


def vanished(host: HostRoot, made: Mapping[str, str]) -> set[str]:
    # List all devices once instead of checking each one.
    existing = set(host.names(DEVICES))
    return {identity for identity in made if identity not in existing and not host.exists(f"{DEVICES}/{identity}")}


def _is_made(host: HostRoot, parent: str, identity: str, type_id: str) -> bool:
    path = f"{DEVICES}/{identity}"
    above = (host.link(path) or "").split("/")[-2:-1]
    return above == [parent] and host.link_name(f"{path}/mdev_type") == type_id
