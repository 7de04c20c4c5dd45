# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The steps of plans. ``text`` is what a result says was done; it is empty for what concerns no user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union

from .host import Definition, Device, VfSettings
from .wanted import BindingWanted


class RemoveVfs(NamedTuple):
    card: str
    text: str
    by_program: bool


class MakeVfs(NamedTuple):
    card: str
    text: str
    num_vfs: int
    is_max: bool  # as many as the driver can make
    by_program: bool


class BindCard(NamedTuple):
    card: str
    text: str
    binding: BindingWanted


class BindVfs(NamedTuple):
    card: str
    text: str
    bindings: Mapping[int, BindingWanted]  # by index
    certain: tuple[int, ...]  # those whose driver changes; of the others the kernel may leave some as they are


class OfferVfs(NamedTuple):
    """Let the kernel choose a driver for new VFs."""

    card: str
    text: str
    bindings: Mapping[int, BindingWanted]


class SetAutoprobe(NamedTuple):
    card: str
    text: str
    is_on: bool


class SetSwitch(NamedTuple):
    card: str
    text: str
    mode: str


class SetVfNetwork(NamedTuple):
    card: str
    text: str
    settings: Mapping[int, VfSettings]  # by index


class SetVfShares(NamedTuple):
    """Set what VFs get of a GPU."""

    card: str
    text: str
    settings: Mapping[int, VfSettings]  # by index


class Remember(NamedTuple):
    """Keep something until the next boot, or with None forget it."""

    card: str
    text: str
    kind: str
    remembered: Optional[Mapping[str, Any]]


class KeepRecord(NamedTuple):
    """Keep a record for the next boot, or with None remove it."""

    card: str
    text: str
    record: Optional[Mapping[str, Any]]


class KeepRule(NamedTuple):
    """Write a udev rule, or with None remove it."""

    card: str
    text: str
    rule: Optional[str]


CardStep = Union[
    RemoveVfs,
    MakeVfs,
    BindCard,
    BindVfs,
    OfferVfs,
    SetAutoprobe,
    SetSwitch,
    SetVfNetwork,
    SetVfShares,
    Remember,
    KeepRecord,
    KeepRule,
]


class PlannedDevice(NamedTuple):
    """A device as it is to be at the end of the work."""

    card: str
    parent: str
    framework: str
    uuid: Optional[str]
    address: Optional[str]  # of a VF that has a type, instead of a UUID
    type_id: Optional[str]
    type_name: Optional[str]
    attributes: tuple[tuple[str, str], ...] = ()
    autostart: bool = True
    place: Optional[int] = None  # of its entry in the option instances

    @property
    def id(self) -> str:
        return str(self.uuid or self.address)

    @property
    def key(self) -> tuple[str, str]:
        return self.parent, self.id


class MakeDevice(NamedTuple):
    card: str
    device: PlannedDevice
    best_effort: bool = False  # the card may turn out to be full

    @property
    def key(self) -> tuple[str, str]:
        return self.device.key


class RemoveDevice(NamedTuple):
    card: str
    device: Device
    place: Optional[int] = None  # of its entry in the option instances

    @property
    def key(self) -> tuple[str, str]:
        return self.device.key


class KeepDefinition(NamedTuple):
    """Write a definition of mdevctl, or with None remove it."""

    card: str
    parent: str
    uuid: str
    definition: Optional[Definition]
    takes_away: bool  # it keeps a device from being made at boot

    @property
    def key(self) -> tuple[str, str]:
        return self.parent, self.uuid


class KeepDevices(NamedTuple):
    """Write the record of a card's devices, or with None remove it."""

    card: str
    stage: str  # before definitions go, before they are written, or at the end
    record: Optional[Mapping[str, Any]]

    @property
    def key(self) -> tuple[str, str]:
        return "", ""


class AllowSizes(NamedTuple):
    """Let a GPU without vGPUs have several framebuffer sizes."""

    card: str

    @property
    def key(self) -> tuple[str, str]:
        return "", ""


DeviceStep = Union[MakeDevice, RemoveDevice, AllowSizes, KeepDefinition, KeepDevices]
