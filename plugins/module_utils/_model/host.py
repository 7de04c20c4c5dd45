# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The state of a host: its cards (PCI functions) and their virtual functions (VFs).

``None`` means absent or unknown, unless a comment says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union

from .uses import Use


class PciIds(NamedTuple):
    """PCI ids in lower case without 0x; ``pci_class`` has six digits."""

    vendor_id: str
    product_id: str
    subsystem_vendor_id: str
    subsystem_product_id: str
    pci_class: str


class Binding(NamedTuple):
    """The driver binding of a function."""

    override: Optional[str] = None  # content of driver_override
    driver: Optional[str] = None


class GroupPeer(NamedTuple):
    """Another function of the same IOMMU group; bridges are excluded."""

    address: str
    driver: Optional[str]
    physical_function: Optional[str]
    # whether the peer is the controller that creates the function's PCI domain, such as Intel VMD
    is_above: bool = False


# Fields of VfSettings that only GPUs have.
OF_GPU = (
    "exec_quantum_ms",
    "preempt_timeout_us",
    "vram_quota",
    "ggtt_quota",
    "contexts_quota",
    "doorbells_quota",
)


class VfSettings(NamedTuple):
    """Settings of a VF that its card enforces; None means not requested or unknown."""

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
        return self._replace(**dict.fromkeys(OF_GPU))

    @property
    def of_gpu(self) -> VfSettings:
        return VfSettings(**{name: getattr(self, name) for name in OF_GPU})

    @property
    def names(self) -> list[str]:
        return [name for name, value in zip(self._fields, self) if value is not None]


class VirtualFunction(NamedTuple):
    """A VF of a card."""

    address: str
    number: int  # N of the link virtfnN
    binding: Binding  # the override is read only when card modes are changed
    iommu_group: Optional[int] = None
    netdev: Optional[str] = None
    peers: tuple[GroupPeer, ...] = ()


class Sriov(NamedTuple):
    """The SR-IOV capability of a card."""

    total: Optional[int] = None  # largest number of VFs
    vf_product_id: Optional[str] = None
    autoprobe: Optional[bool] = None
    offset: Optional[int] = None  # routing id offset of the first VF
    stride: Optional[int] = None  # routing id distance between VFs


class VgpuType(NamedTuple):
    """A type of vGPU or other mediated device, independent of the parent that offers it."""

    id: str
    name: Optional[str] = None
    description: Optional[str] = None
    attributes: Mapping[str, Union[int, str, None]] = {}  # values parsed from the description; sizes in MiB
    device_api: Optional[str] = None


class Offer(NamedTuple):
    """A type that a parent offers, with its capacity."""

    type: VgpuType
    available: Optional[int] = None  # devices that can still be created
    most: Optional[int] = None  # devices that fit on an empty parent


class Parent(NamedTuple):
    """A device that can have vGPUs or other mediated devices."""

    name: str
    framework: str
    bus: Optional[str] = None
    address: Optional[str] = None  # PCI address, if the parent is a PCI function
    physical_function: Optional[str] = None
    numa_node: Optional[int] = None
    offers: tuple[Offer, ...] = ()

    @property
    def card(self) -> str:
        """Return the physical function, or the parent itself if it has none."""
        return self.physical_function or self.name


class Definition(NamedTuple):
    """The definition from which mdevctl creates a mediated device at boot."""

    type_id: str
    autostart: bool
    attributes: tuple[tuple[str, str], ...] = ()  # in the order in which they are written

    @property
    def attribute_list(self) -> list[dict[str, str]]:
        """Return the attributes in the form that mdevctl and the facts use."""
        return [{name: value} for name, value in self.attributes]


class Device(NamedTuple):
    """A mediated device with its UUID, or a VF that has a vGPU type with its address."""

    parent: str
    framework: str
    uuid: Optional[str] = None
    address: Optional[str] = None
    type_id: Optional[str] = None
    type_name: Optional[str] = None
    iommu_group: Optional[int] = None
    state: str = "active"  # active, defined (does not exist) or removing (waits until its user releases it)
    autostart: Optional[bool] = None  # None without a definition
    attributes: tuple[tuple[str, str], ...] = ()  # from the definition
    uses: tuple[Use, ...] = ()  # empty until they are read

    @property
    def id(self) -> str:
        return str(self.uuid or self.address)

    @property
    def key(self) -> tuple[str, str]:
        """Return parent and id, because several parents may define the same UUID."""
        return self.parent, self.id


class FrameworkState(NamedTuple):
    """The parents and devices of the frameworks on a host."""

    parents: list[Parent]
    devices: list[Device]  # including devices that are only defined
    definitions: Mapping[tuple[str, str], Definition] = {}  # by parent and UUID
    # by parent: names by id, including types that the parent does not offer now
    known_types: Mapping[str, Mapping[str, str]] = {}


class SharedGroup(NamedTuple):
    """An IOMMU group that can only be passed through as a whole."""

    group: int
    devices: tuple[str, ...]  # PCI addresses


class Iommu(NamedTuple):
    """IOMMU state of the host and its kernel arguments."""

    enabled: bool
    group_count: int
    shared_groups: tuple[SharedGroup, ...]
    cpu_vendor: Optional[str]  # intel or amd
    kernel_arguments: tuple[str, ...]
    vfio_drivers: tuple[str, ...]


class Mdevctl(NamedTuple):
    """The parts of mdevctl that create mediated devices at boot. Paths are absolute paths of the host."""

    program: Optional[str]
    udev_rule: Optional[str]
    udev_program: Optional[str]  # the program that the rule calls
    udev_works: bool
    restore_unit: Optional[str]


class Native(NamedTuple):
    """The data that identifies and restores the native driver of a card. None means that a field was not saved."""

    driver: Optional[str] = None
    netdevs: Optional[tuple[str, ...]] = None
    total_vfs: Optional[int] = None


class Kept(NamedTuple):
    """The traces that earlier runs left for a card."""

    record: Optional[Mapping[str, Any]] = None  # used at the next boot
    remembered: Optional[Mapping[str, Any]] = None  # kept until the next boot
    native: Native = Native()
    autoprobe_off: bool = False  # an earlier run has disabled autoprobe temporarily
    changing: bool = False  # a run is changing the card, or was killed while changing it
    rule: Optional[str] = None  # content of the udev rule
    rule_refused: Optional[str] = None  # why the path of the rule must not be written
    moved_from: tuple[str, ...] = ()  # earlier addresses of the card


class Card(NamedTuple):
    """A PCI function that is not a VF."""

    address: str
    ids: Optional[PciIds]
    binding: Binding
    mode: str  # pf: has a VFIO driver; vf: has VFs; host: neither
    numa_node: Optional[int] = None
    iommu_group: Optional[int] = None
    netdevs: tuple[str, ...] = ()
    sriov: Optional[Sriov] = None
    virtual_functions: tuple[VirtualFunction, ...] = ()
    # The following fields are read only when card modes are changed.
    is_bridge: bool = False
    is_native: bool = False  # whether its driver can create VFs
    needs_program: bool = False  # creating VFs needs a program, see nvidia_sriov
    peers: tuple[GroupPeer, ...] = ()
    is_bridged: bool = False  # whether a bridge is in its IOMMU group, which new VFs will join
    eswitch: Optional[str] = None  # None also means not read
    settings: Optional[Mapping[int, VfSettings]] = None  # by VF index; None means not read
    unreadable: tuple[str, ...] = ()  # why the switch or the settings are unknown
    unseen: tuple[str, ...] = ()  # why the effect of a change is unknown
    claimed_by: Optional[str] = None  # the setting by which vfio-pci has it, if its native driver is unknown
    identity: Mapping[str, str] = {}
    kept: Kept = Kept()

    @property
    def num_vfs(self) -> int:
        return len(self.virtual_functions)

    @property
    def total_vfs(self) -> Optional[int]:
        """Return the largest number of VFs, 0 without SR-IOV."""
        return self.sriov.total if self.sriov else 0

    @property
    def autoprobe(self) -> Optional[bool]:
        return self.sriov.autoprobe if self.sriov else None
