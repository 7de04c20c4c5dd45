# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What is on a host: PCI functions that are cards, and their virtual functions (VFs).

``None`` means that there is none, or that it is unknown, unless a comment says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union


class PciIds(NamedTuple):
    """The ids of a function: lower case, without 0x; ``pci_class`` has six digits."""

    vendor_id: str
    product_id: str
    subsystem_vendor_id: str
    subsystem_product_id: str
    pci_class: str


class Binding(NamedTuple):
    """What a function is bound to."""

    override: Optional[str] = None  # what driver_override holds
    driver: Optional[str] = None


class GroupPeer(NamedTuple):
    """Another function in the same IOMMU group, without bridges."""

    address: str
    driver: Optional[str]
    physical_function: Optional[str]
    is_above: bool = False  # whether it is a controller that makes the function's PCI domain, such as Intel's VMD


# Fields of VfSettings that a GPU governs, and no network card.
OF_GPU = (
    "exec_quantum_ms",
    "preempt_timeout_us",
    "vram_quota",
    "ggtt_quota",
    "contexts_quota",
    "doorbells_quota",
)


class VfSettings(NamedTuple):
    """What the card of a VF governs; a field is None if it is not requested, or unknown."""

    mac: Optional[str] = None
    vlan: Optional[int] = None
    qos: Optional[int] = None
    spoofchk: Optional[bool] = None
    trust: Optional[bool] = None
    link_state: Optional[str] = None
    min_tx_rate: Optional[int] = None  # Mbit/s
    max_tx_rate: Optional[int] = None  # Mbit/s
    exec_quantum_ms: Optional[int] = None
    preempt_timeout_us: Optional[int] = None
    vram_quota: Optional[int] = None  # MiB
    ggtt_quota: Optional[int] = None  # MiB
    contexts_quota: Optional[int] = None
    doorbells_quota: Optional[int] = None

    @property
    def of_network(self) -> VfSettings:
        """Those that a network card governs."""
        return self._replace(**dict.fromkeys(OF_GPU))

    @property
    def of_gpu(self) -> VfSettings:
        """Those that a GPU governs."""
        return VfSettings(**{name: getattr(self, name) for name in OF_GPU})

    @property
    def names(self) -> list[str]:
        """The settings that have a value."""
        return [name for name, value in zip(self._fields, self) if value is not None]


class VirtualFunction(NamedTuple):
    """One VF of a card."""

    address: str
    number: int  # N of the link virtfnN
    binding: Binding  # without the override, unless the modes of cards are at stake
    iommu_group: Optional[int] = None
    netdev: Optional[str] = None
    peers: tuple[GroupPeer, ...] = ()


class Sriov(NamedTuple):
    """The SR-IOV capability of a card."""

    total: Optional[int] = None  # VFs that the card can have
    vf_product_id: Optional[str] = None
    autoprobe: Optional[bool] = None
    offset: Optional[int] = None  # of the first VF's routing id
    stride: Optional[int] = None  # from one VF's routing id to the next


class VgpuType(NamedTuple):
    """A type of vGPU or other mediated device, whichever parent offers it."""

    id: str
    name: Optional[str] = None
    description: Optional[str] = None
    attributes: Mapping[str, Union[int, str, None]] = {}  # what the description states; sizes in MiB
    device_api: Optional[str] = None


class Offer(NamedTuple):
    """What a parent can make of a type."""

    type: VgpuType
    available: Optional[int] = None  # devices that still fit
    most: Optional[int] = None  # devices that fit if there are no others


class Parent(NamedTuple):
    """A device on which vGPUs or other mediated devices can be made."""

    name: str
    framework: str
    bus: Optional[str] = None
    address: Optional[str] = None  # of a PCI function
    physical_function: Optional[str] = None
    numa_node: Optional[int] = None
    offers: tuple[Offer, ...] = ()

    @property
    def card(self) -> str:
        """Its physical function, or itself where it has none."""
        return self.physical_function or self.name


class Definition(NamedTuple):
    """What mdevctl makes at boot of one mediated device."""

    type_id: str
    autostart: bool
    attributes: tuple[tuple[str, str], ...] = ()  # in the order in which they are written

    @property
    def attribute_list(self) -> list[dict[str, str]]:
        """The attributes as mdevctl and facts have them."""
        return [{name: value} for name, value in self.attributes]


class Device(NamedTuple):
    """A mediated device, known by its UUID, or a VF that has a type of vGPU, known by its address."""

    parent: str
    framework: str
    uuid: Optional[str] = None
    address: Optional[str] = None
    type_id: Optional[str] = None
    type_name: Optional[str] = None
    iommu_group: Optional[int] = None
    state: str = "active"  # or defined: it does not exist, or removing: it waits for its user
    autostart: Optional[bool] = None  # None without a definition
    attributes: tuple[tuple[str, str], ...] = ()  # of its definition
    users: tuple[Mapping[str, Any], ...] = ()  # as facts have them

    @property
    def id(self) -> str:
        return str(self.uuid or self.address)

    @property
    def key(self) -> tuple[str, str]:
        """One UUID may be defined on several parents."""
        return self.parent, self.id


class SharedGroup(NamedTuple):
    """An IOMMU group that can only be passed through as a whole."""

    group: int
    devices: tuple[str, ...]  # addresses


class Iommu(NamedTuple):
    """Whether the host has an IOMMU, and how its kernel was started."""

    enabled: bool
    group_count: int
    shared_groups: tuple[SharedGroup, ...]
    cpu_vendor: Optional[str]  # intel or amd
    kernel_arguments: tuple[str, ...]
    vfio_drivers: tuple[str, ...]


class Mdevctl(NamedTuple):
    """What makes mediated devices at boot; paths are absolute, as the host itself sees them."""

    program: Optional[str]
    udev_rule: Optional[str]
    udev_program: Optional[str]  # that the rule calls
    udev_works: bool
    restore_unit: Optional[str]


class Native(NamedTuple):
    """How to find and undo a card that has left its native driver; a field is None if it was not remembered."""

    driver: Optional[str] = None
    netdevs: Optional[tuple[str, ...]] = None
    total_vfs: Optional[int] = None


class Kept(NamedTuple):
    """What runs before have left about a card."""

    record: Optional[Mapping[str, Any]] = None  # for the next boot
    remembered: Optional[Mapping[str, Any]] = None  # until the next boot
    native: Native = Native()
    autoprobe_off: bool = False  # a run has switched it off for a while
    changing: bool = False  # a run is at work on the card, or was killed
    rule: Optional[str] = None  # of udev
    rule_refused: Optional[str] = None  # why the path of the rule is left alone
    moved_from: tuple[str, ...] = ()  # addresses where the card was


class Card(NamedTuple):
    """A PCI function that is not a VF."""

    address: str
    ids: Optional[PciIds]
    binding: Binding
    mode: str  # pf: it has a VFIO driver; vf: it has VFs; host
    numa_node: Optional[int] = None
    iommu_group: Optional[int] = None
    netdevs: tuple[str, ...] = ()
    sriov: Optional[Sriov] = None
    virtual_functions: tuple[VirtualFunction, ...] = ()
    # What only changes of modes need.
    is_bridge: bool = False
    is_native: bool = False  # whether the driver is one that can have VFs
    needs_program: bool = False  # for its VFs, see nvidia_sriov
    peers: tuple[GroupPeer, ...] = ()
    is_bridged: bool = False  # whether a bridge is in its IOMMU group, so that new VFs will be as well
    eswitch: Optional[str] = None  # None also if it was not read
    settings: Optional[Mapping[int, VfSettings]] = None  # of VFs by index; None if they were not read
    unreadable: tuple[str, ...] = ()  # why the switch or the settings are unknown
    unseen: tuple[str, ...] = ()  # why the effect of a change is unknown
    identity: Mapping[str, str] = {}
    kept: Kept = Kept()

    @property
    def num_vfs(self) -> int:
        return len(self.virtual_functions)

    @property
    def total_vfs(self) -> Optional[int]:
        """VFs that the card can have, 0 without SR-IOV."""
        return self.sriov.total if self.sriov else 0

    @property
    def autoprobe(self) -> Optional[bool]:
        return self.sriov.autoprobe if self.sriov else None
