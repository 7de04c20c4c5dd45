# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What mdev_instance knows of a host, and what it plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .._devices.identity import Identity
from .._devices.pci import PciFunction
from .._devices.size_mode import SizeMode
from .._frameworks.mig_types import GpuInstances
from .._host.records import Record
from .._model.host import Definition, Device, Parent
from .._model.work import DeviceStep, PlannedDevice


class State(NamedTuple):
    """A host as far as mediated devices and vGPUs are concerned."""

    parents: list[Parent]
    devices: list[Device]  # with their users, once they were read
    definitions: Mapping[tuple[str, str], Definition]  # by parent and UUID
    records: dict[str, Record]  # by card, without identities
    functions: dict[str, PciFunction] = {}
    known_types: Mapping[str, Mapping[str, str]] = {}  # by parent names by id
    identities: Mapping[str, Identity] = {}  # by card
    recorded_identities: Mapping[str, Identity] = {}  # by card
    moved: Mapping[str, str] = {}  # by address where a card was where it is
    moved_parents: Mapping[str, str] = {}  # the same of these cards and their VFs
    size_modes: Mapping[str, SizeMode] = {}  # by card, where its entries have several framebuffer sizes
    gpu_instances: Mapping[str, GpuInstances] = {}  # by card with MIG
    unreadable: Mapping[str, str] = {}  # by card why its state is unknown
    hidden: tuple[str, ...] = ()  # why some users may be unknown
    machine_id: Optional[str] = None


class Missing(NamedTuple):
    """Devices that cannot be made, because others are in use."""

    place: int  # of their entry
    types: tuple[str, ...]
    number: int
    label: str = ""  # of their entry, if it is one of several of its card


class Failed(NamedTuple):
    """A step that has failed, and why."""

    step: DeviceStep
    error: str


class Plan(NamedTuple):
    """The steps, and what stays."""

    steps: list[DeviceStep]
    kept: list[PlannedDevice]
    busy: list[tuple[Device, Optional[int]]]  # with the place of the entry that would have them go
    missing: list[Missing]
