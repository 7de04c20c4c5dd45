# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The MIG state of GPUs as facts and results show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional, TypedDict

from .._devices import mig
from .._devices.mig import Gpu
from .._devices.pci import PciFunction
from .._host.root import HostError, HostRoot

VENDOR, DRIVER = "10de", "nvidia"
# Display and 3D controllers; the same vendor's switches and network cards have no MIG.
CLASS = "03"


class Instance(TypedDict):
    """One GPU instance; ``id`` is None for one that is only predicted."""

    id: Optional[int]
    profile: str
    start: int
    size: int
    compute_instances: int


class State(TypedDict):
    """One GPU before or after the changes."""

    enabled: bool
    instances: list[Instance]


class Profile(TypedDict):
    """What a GPU instance can be. ``size`` and ``starts`` are memory slices."""

    name: str
    memory_mib: int
    most: int
    size: int
    starts: list[int]


class Facts(State):
    """One GPU with the profiles that it has."""

    pending: bool
    profiles: list[Profile]


def observe_mig(host: HostRoot, functions: Mapping[str, PciFunction]) -> dict[str, Facts]:
    """By address the GPUs that have MIG; none where the driver or its program is missing."""
    gpus = [
        function.address
        for function in functions.values()
        if not function.is_virtual
        and function.driver == DRIVER
        and function.identity is not None
        and function.identity.vendor_id == VENDOR
        and function.identity.pci_class.startswith(CLASS)
    ]
    if not gpus or not host.has_program(mig.PROGRAM):
        return {}
    try:
        found = mig.observe(host, gpus)
    except HostError as error:
        host.warn(f"MIG is not known: {error}")
        return {}
    return {address: _facts(gpu) for address, gpu in found.items() if gpu.enabled is not None}


def _facts(gpu: Gpu) -> Facts:
    profiles = [
        Profile(name=one.name, memory_mib=one.memory_mib, most=one.most, size=one.size, starts=list(one.starts))
        for one in gpu.profiles
    ]
    return {**as_facts(gpu), "pending": bool(gpu.pending), "profiles": profiles}


def as_facts(gpu: Gpu) -> State:
    """A GPU's MIG state as facts and results show it."""
    return {
        "enabled": bool(gpu.enabled),
        "instances": [
            {
                "id": instance.id if instance.id >= 0 else None,
                "profile": instance.profile,
                "start": instance.start,
                "size": instance.size,
                "compute_instances": len(instance.compute),
            }
            for instance in gpu.instances
        ],
    }
