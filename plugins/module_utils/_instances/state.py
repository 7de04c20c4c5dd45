# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The observed state of a host for mdev_instance, and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .._devices.heterogeneous_mode import HeterogeneousMode
from .._devices.identity import Identity
from .._devices.pci import PciFunction
from .._frameworks.mig_types import GpuInstances
from .._host.records import Record
from .._model.host import Definition, Device, Parent
from .._model.steps import DeviceStep, PlannedDevice


class State(NamedTuple):
    """The state of mediated devices and vGPUs on a host."""

    parents: list[Parent]
    devices: list[Device]  # users are included after they were read
    definitions: Mapping[tuple[str, str], Definition]  # by parent and UUID
    records: dict[str, Record]  # by card, without identities
    functions: dict[str, PciFunction] = {}
    known_types: Mapping[str, Mapping[str, str]] = {}  # by parent: type names by id
    identities: Mapping[str, Identity] = {}  # by card
    recorded_identities: Mapping[str, Identity] = {}  # by card
    moved: Mapping[str, str] = {}  # maps old addresses of moved cards to the current ones
    moved_parents: Mapping[str, str] = {}  # the same for these cards and their VFs
    heterogeneous_modes: Mapping[str, HeterogeneousMode] = {}  # by card whose entries need different framebuffer sizes
    gpu_instances: Mapping[str, GpuInstances] = {}  # by card with MIG
    unreadable: Mapping[str, str] = {}  # by card: why its state is unknown
    blind_spots: tuple[str, ...] = ()  # sentences: why some users may be unknown
    machine_id: Optional[str] = None


class Missing(NamedTuple):
    """Devices that cannot be created, because others are in use."""

    place: int  # index of their entry
    types: tuple[str, ...]
    number: int
    label: str = ""  # label of their entry, if its card has several entries


class Failed(NamedTuple):
    """A failed step and its error."""

    step: DeviceStep
    error: str


class Plan(NamedTuple):
    """The steps, and the devices that stay."""

    steps: list[DeviceStep]
    kept: list[PlannedDevice]
    busy: list[tuple[Device, Optional[int]]]  # with the index of the entry that requires their removal
    missing: list[Missing]
