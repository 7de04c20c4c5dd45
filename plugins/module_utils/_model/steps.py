# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The steps of plans. ``text`` describes a step in results; it is empty for internal steps."""

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
    is_max: bool  # as many as the driver can create
    by_program: bool


class BindCard(NamedTuple):
    card: str
    text: str
    binding: BindingWanted


class BindVfs(NamedTuple):
    card: str
    text: str
    bindings: Mapping[int, BindingWanted]  # by VF index
    certain: tuple[int, ...]  # VFs whose driver certainly changes; the kernel may leave the others unchanged


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
    settings: Mapping[int, VfSettings]  # by VF index


class SetVfShares(NamedTuple):
    """Set the GPU resources of VFs."""

    card: str
    text: str
    settings: Mapping[int, VfSettings]  # by VF index


class Remember(NamedTuple):
    """Save data until the next boot; None removes it."""

    card: str
    text: str
    kind: str
    remembered: Optional[Mapping[str, Any]]


class KeepRecord(NamedTuple):
    """Save a record for the next boot; None removes it."""

    card: str
    text: str
    record: Optional[Mapping[str, Any]]


class KeepRule(NamedTuple):
    """Write a udev rule; None removes it."""

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
    """The desired state of a device after all steps."""

    card: str
    parent: str
    framework: str
    uuid: Optional[str]
    address: Optional[str]  # of a VF with a type, which has no UUID
    type_id: Optional[str]
    type_name: Optional[str]
    attributes: tuple[tuple[str, str], ...] = ()
    autostart: bool = True
    place: Optional[int] = None  # index of its entry in the option instances

    @classmethod
    def of(
        cls,
        device: Device,
        card: str,
        attributes: tuple[tuple[str, str], ...],
        autostart: bool = True,
        place: Optional[int] = None,
    ) -> PlannedDevice:
        """Return the desired state of an observed device that keeps its parent, identity and type."""
        return cls(
            card=card,
            parent=device.parent,
            framework=device.framework,
            uuid=device.uuid,
            address=device.address,
            type_id=device.type_id,
            type_name=device.type_name,
            attributes=attributes,
            autostart=autostart,
            place=place,
        )

    @property
    def id(self) -> str:
        return str(self.uuid or self.address)

    @property
    def key(self) -> tuple[str, str]:
        return self.parent, self.id


class MakeDevice(NamedTuple):
    card: str
    device: PlannedDevice
    best_effort: bool = False  # whether the card may turn out to be full

    @property
    def key(self) -> tuple[str, str]:
        return self.device.key


class RemoveDevice(NamedTuple):
    card: str
    device: Device
    place: Optional[int] = None  # index of its entry in the option instances

    @property
    def key(self) -> tuple[str, str]:
        return self.device.key


class KeepDefinition(NamedTuple):
    """Write an mdevctl definition; None removes it."""

    card: str
    parent: str
    uuid: str
    definition: Optional[Definition]
    prevents_creation: bool  # whether a device that was created at boot no longer is

    @property
    def key(self) -> tuple[str, str]:
        return self.parent, self.uuid


class KeepDevices(NamedTuple):
    """Write the record of the devices of a card; None removes it."""

    card: str
    stage: str  # before definitions are removed, before they are written, or at the end
    record: Optional[Mapping[str, Any]]

    @property
    def key(self) -> tuple[str, str]:
        return "", ""


class SetHeterogeneousMode(NamedTuple):
    """Let a GPU without vGPUs have several framebuffer sizes."""

    card: str

    @property
    def key(self) -> tuple[str, str]:
        return "", ""


DeviceStep = Union[MakeDevice, RemoveDevice, SetHeterogeneousMode, KeepDefinition, KeepDevices]
