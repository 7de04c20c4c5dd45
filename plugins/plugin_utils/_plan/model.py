# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What a plan holds, as ``resolve`` returns it: dictionaries, because users read them in plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional, TypedDict


class VgpuType(TypedDict):
    """The type of the devices of a card."""

    id: str
    name: str | None
    device_api: str | None


class _Parent(TypedDict):
    name: str
    numa_node: int | None
    # The id of the type of its devices.
    type: str
    existing: int
    total: int


class Parent(_Parent, total=False):
    """A parent: the number of its existing devices, and of its existing and possible devices."""

    # Type, existing and total of devices of another type, as long as it is not known who uses these.
    now: dict[str, object]


class Nova(TypedDict, total=False):
    """What a profile has for nova."""

    alias: str
    numa_policy: str
    physical_network: str
    trusted: bool
    live_migratable: bool
    remote_managed: bool
    vfs: list[str]
    # Each with the addresses of its functions.
    groups: list[dict[str, object]]
    count: int
    one_time_use: bool
    max_instances: int


class Share(TypedDict):
    """One of several types of a card, with what a card with this type alone has under the same names."""

    type: VgpuType
    next_type: VgpuType | None
    parents: list[Parent]
    count: int | str
    total: int
    # How many devices have to wait until guests have left the card.
    waiting: int
    resource_class: str | None
    traits: list[str]
    nova: Nova


# As PCI has them: a word of Python cannot be the name of a field below.
_Ids = TypedDict("_Ids", {"class": Optional[str]})


class _Shares(_Ids, total=False):  # pylint: disable=inherit-non-class
    # The first two of a card with several types; ``type`` is None then, and numbers are sums.
    shares: list[Share]
    waiting: int
    # Of a card with mediated devices and another owner than nova, the ids of all types that it has.
    types: list[str]
    # Its virtual functions that have a vDPA device, if there are any.
    vdpa_functions: list[str]


class Card(_Shares):  # pylint: disable=inherit-non-class
    """A card with its desired state. A cloud with keys of its own in a profile adds them under its name."""

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
    # Those of them that the host keeps for itself.
    host_functions: list[str]
    framework: str | None
    # GPU instances by MIG profile.
    mig: dict[str, int] | None
    type: VgpuType | None
    # The mode that guests keep the card in, if the profile has another one.
    held_mode: str | None
    # The declared type, as long as devices of another type are in use.
    next_type: VgpuType | None
    parents: list[Parent]
    # A number, ``max``, or None if the owner makes the devices.
    count: int | str | None
    # What guests can get of the card; None while it is not known.
    total: int | None
    # Why several guests cannot have its functions.
    not_shareable: str | None
    resource_class: str | None
    traits: list[str]
    nova: Nova


class Later(TypedDict):
    """A card whose devices can only be planned when its virtual functions are there."""

    name: str
    profile: str
    reason: str


class Plan(TypedDict):
    """The plan of a host; the lists for the modules have the form of their options."""

    cards: list[Card]
    functions: list[Mapping[str, object]]
    partitions: list[Mapping[str, object]]
    instances: list[Mapping[str, object]]
    unwanted: list[Mapping[str, object]]
    later: list[Later]
    unselected: list[Mapping[str, object]]
