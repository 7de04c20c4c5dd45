# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read what mdev_instance needs in addition to parents and devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .._devices.identity import Identities, Identity
from .._devices.pci import PciFunction
from .._frameworks.mig_types import GpuInstances, is_mig_backed
from .._frameworks.registry import Frameworks
from .._host.records import Record
from .._host.root import HostError, HostRoot
from .._model.host import FrameworkState, Parent
from .recorded import observe_records


class Context(NamedTuple):
    """The data that was read; the keys of each dictionary are cards."""

    records: dict[str, Record]  # including identities
    identities: Mapping[str, Identity]
    unreadable: Mapping[str, str]
    gpu_instances: Mapping[str, GpuInstances]
    machine_id: Optional[str]


def observe_context(
    host: HostRoot, functions: dict[str, PciFunction], frameworks: Frameworks, framework_state: FrameworkState
) -> Context:
    """Read the records, and the identities and GPU instances of cards."""
    return Context(
        records=observe_records(host),
        identities=_identities(host, functions, framework_state.parents),
        unreadable=frameworks.unreadable(),
        gpu_instances=_gpu_instances(host, framework_state.parents),
        machine_id=host.read("etc/machine-id", optional=True),
    )


def _identities(host: HostRoot, functions: dict[str, PciFunction], parents: list[Parent]) -> dict[str, Identity]:
    """Return the identity of the card of each parent by address; only PCI functions have one."""
    cards = dict.fromkeys(parent.physical_function for parent in parents)
    known = Identities(host)
    return {card: known.of(functions[card]) for card in cards if card in functions}


def _gpu_instances(host: HostRoot, parents: list[Parent]) -> dict[str, GpuInstances]:
    """Return the GPU instances of cards with MIG types. If nvidia-smi fails, return none: the driver then decides."""
    cards = {parent.card for parent in parents for offer in parent.offers if is_mig_backed(offer.type.name)}
    if not cards:
        return {}
    from .._devices import mig

    if not host.has_program(mig.PROGRAM):
        return {}
    try:
        gpus = mig.observe(host, sorted(cards))
    except HostError as error:
        host.warn(f"GPU instances are not known: {error}")
        return {}
    return {
        card: GpuInstances(tuple(one.name for one in gpu.profiles), tuple(one.profile for one in gpu.instances))
        for card, gpu in gpus.items()
        if card in cards and gpu.enabled
    }
