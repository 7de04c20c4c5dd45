# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The MIG state of GPUs in the form of facts and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional, TypedDict

from .._devices import mig
from .._devices.mig import Gpu
from .._devices.pci import PciFunction
from .._frameworks import nvidia_sriov
from .._host.root import HostError, HostRoot


class Instance(TypedDict):
    """One GPU instance; ``id`` is None if it is only predicted."""

    id: Optional[int]
    profile: str
    start: int
    size: int
    compute_instances: int


class State(TypedDict):
    enabled: bool
    instances: list[Instance]


class Profile(TypedDict):
    """A profile of GPU instances; ``size`` and ``starts`` count memory slices."""

    name: str
    memory_mib: int
    most: int
    size: int
    starts: list[int]


class Facts(State):
    pending: bool
    profiles: list[Profile]


def observe_mig(host: HostRoot, functions: Mapping[str, PciFunction]) -> dict[str, Gpu] | None:
    """Return the GPUs that the driver lists by address, or None if the driver or nvidia-smi is missing or fails."""
    gpus = [
        function.address
        for function in functions.values()
        if not function.is_virtual
        and function.driver == nvidia_sriov.DRIVER
        and function.identity is not None
        and nvidia_sriov.governs(function.identity.vendor_id, function.identity.pci_class)
    ]
    if not gpus or not host.has_program(mig.PROGRAM):
        return None
    try:
        return mig.observe(host, gpus)
    except HostError as error:
        host.warn(f"MIG is not known: {error}")
        return None


def mig_facts(gpus: Mapping[str, Gpu]) -> dict[str, Facts]:
    """Return the facts of the GPUs by address; those without MIG support have no profiles."""
    return {address: _facts(gpu) for address, gpu in gpus.items()}


def _facts(gpu: Gpu) -> Facts:
    profiles = [
        Profile(name=one.name, memory_mib=one.memory_mib, most=one.most, size=one.size, starts=list(one.starts))
        for one in gpu.profiles
    ]
    return {**as_facts(gpu), "pending": bool(gpu.pending), "profiles": profiles}


def as_facts(gpu: Gpu) -> State:
    """Return the MIG state of a GPU in the form of facts and results."""
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
