# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The types of a plan of ``resolve``. They are dictionaries, because users read them in plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import WithClass


class VgpuType(TypedDict):
    """The type of the devices of a card."""

    id: str
    name: str | None
    device_api: str | None


class _Parent(TypedDict):
    name: str
    numa_node: int | None
    # id of the type of its devices
    type: str
    existing: int
    total: int


class Current(TypedDict):
    """The devices of a parent now, while their users are unknown."""

    type: str
    existing: int
    total: int


class Parent(_Parent, total=False):
    """A parent with the numbers of existing devices, and of existing and possible devices."""

    # Set if the parent has devices of another type.
    now: Current


class NovaGroup(TypedDict, total=False):
    """Virtual functions with nova settings of their own."""

    alias: str
    numa_policy: str
    physical_network: str | None
    trusted: bool
    live_migratable: bool
    remote_managed: bool
    # Indices of virtual functions, or ranges.
    vfs: str | list[str]
    # The addresses of the functions of a group.
    functions: list[str]


class NovaSettings(NovaGroup, total=False):
    """The nova settings of a profile, or of one of its groups."""

    groups: list[NovaGroup]
    count: int
    one_time_use: bool
    max_instances: int


class Share(TypedDict):
    """One of several types of a card; its keys have the meaning of the same keys of a card with one type."""

    type: VgpuType
    next_type: VgpuType | None
    parents: list[Parent]
    count: int | str
    total: int
    # Number of devices that can be created only after guests have left the card.
    waiting: int
    resource_class: str | None
    traits: list[str]
    nova: NovaSettings


class _Shares(WithClass, total=False):  # pylint: disable=inherit-non-class
    # For a card with several types: ``type`` is None then, and numbers are sums.
    shares: list[Share]
    waiting: int
    # The ids of all types of a card with mediated devices and an owner other than nova.
    types: list[str]
    # The virtual functions of a card that have a vDPA device.
    vdpa_functions: list[str]
    # The types and functions of the card that guests have, if its owner is nova.
    used_types: list[str]
    used_functions: list[str]
    # Whether libvirt reads a serial number from the card; None if unknown.
    has_serial_number: bool | None
    # For a card without vGPUs in its profile: the parents of which guests still have devices.
    held_parents: list[Parent]
    held_framework: str
    # Whether nova has different settings for other virtual functions of the card.
    is_part: bool


class Card(_Shares):  # pylint: disable=inherit-non-class
    """A card with its desired state. Clouds add their own keys of the profile under their name."""

    name: str
    address: str | None
    profile: str
    owner: str
    vendor_id: str | None
    product_id: str | None
    vf_product_id: str | None
    numa_node: int | None
    total_vfs: int | None
    netdevs: list[str]
    mode: str | None
    driver: str | None
    vf_driver: str | None
    num_vfs: int | None
    virtual_functions: list[str]
    # Virtual functions that the host uses itself.
    host_functions: list[str]
    framework: str | None
    # GPU instances by MIG profile.
    mig: dict[str, int] | None
    type: VgpuType | None
    # The mode in which guests keep the card, if it differs from the declared one.
    held_mode: str | None
    # The declared type, while devices of another type are in use.
    next_type: VgpuType | None
    parents: list[Parent]
    # A number, ``max``, or None if the owner creates the devices.
    count: int | str | None
    # Number of devices for guests; None if unknown.
    total: int | None
    # Why its functions cannot be assigned to different guests.
    not_shareable: str | None
    resource_class: str | None
    traits: list[str]
    nova: NovaSettings


class Later(TypedDict):
    """A card whose devices can be planned only after its virtual functions were created."""

    name: str
    profile: str
    reason: str


class _WithVdpa(WithClass, total=False):  # pylint: disable=inherit-non-class
    vdpa_functions: list[str]


class Unselected(_WithVdpa):  # pylint: disable=inherit-non-class
    """A card without a profile, with the properties that settings depend on."""

    name: str
    address: str | None
    vendor_id: str | None
    product_id: str | None
    vf_product_id: str | None
    framework: str | None
    netdevs: list[str]
    # The ids of all types that its parents list.
    types: list[str]
    virtual_functions: list[str]


class Plan(TypedDict):
    """The plan of a host; the lists for modules have the format of their options."""

    cards: list[Card]
    functions: list[Mapping[str, object]]
    partitions: list[Mapping[str, object]]
    instances: list[Mapping[str, object]]
    unwanted: list[Mapping[str, object]]
    later: list[Later]
    unselected: list[Unselected]
