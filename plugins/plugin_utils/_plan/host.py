# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The types of the facts of a host as far as the controller reads them; ``_profiles.facts`` checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional, TypedDict

# The key "class" is a Python keyword and cannot be a field name.
WithClass = TypedDict("WithClass", {"class": Optional[str]})


class User(TypedDict):
    """A guest or process that uses a device."""

    pid: int | None
    command: str | None
    # The name of the guest.
    domain: str | None
    running: bool | None


class Used(TypedDict, total=False):
    """Something that a guest or the host can use."""

    # Missing if the facts have no users, and None if they were not readable.
    users: list[User] | None


class _VirtualFunction(Used):
    address: str


class VirtualFunction(_VirtualFunction, total=False):
    """A virtual function; an index is missing if the kernel does not report it."""

    index: int
    driver: str | None
    iommu_group: int | None
    netdev: str | None
    vdpa: object


class _OfferedType(TypedDict):
    id: str
    name: str | None


class OfferedType(_OfferedType, total=False):
    """A type that a parent offers, or the type of a device, of which only id and name are known."""

    description: str | None
    device_api: str | None
    attributes: Mapping[str, int | str | None]
    available_instances: int | None
    max_instances: int | None


class _Parent(TypedDict):
    name: str
    address: str | None
    # The card of a virtual function.
    physical_function: str | None
    numa_node: int | None
    framework: str
    types: list[OfferedType]


class Parent(_Parent, total=False):
    """A device with vGPU types: a card, a virtual function, or a parent that is not a PCI function."""

    bus: str
    # Why its state is unknown.
    unreadable: str


class Device(Used):
    """A mediated device, or a virtual function with a vGPU type."""

    uuid: str | None
    address: str | None
    # None if it is unknown.
    type: str | None
    type_name: str | None
    parent: str
    # ``active``, ``defined`` or ``removing``
    state: str
    autostart: bool


class GpuInstance(TypedDict):
    """A GPU instance of MIG."""

    profile: str


class MigProfile(TypedDict):
    """A profile that a GPU with MIG offers."""

    name: str
    most: int
    memory_mib: int
    # The places where an instance can start.
    starts: list[int]
    size: int


class Mig(TypedDict):
    """The state of MIG on a GPU."""

    enabled: bool
    pending: object
    instances: list[GpuInstance]
    profiles: list[MigProfile]


class Scheduler(TypedDict):
    """The vGPU scheduler that a driver was loaded with."""

    policy: str
    time_slice_ms: int | None
    registry: str | None


class _OfPhysicalFunctions(WithClass, total=False):  # pylint: disable=inherit-non-class
    vendor_id: str | None
    product_id: str | None
    vf_product_id: str | None
    driver: str | None
    # ``pf``, ``vf`` or ``host``
    mode: str
    total_vfs: int | None
    num_vfs: int
    netdevs: list[str]
    virtual_functions: list[VirtualFunction]
    iommu_group: int | None
    model: str | None
    mig: Mig | None
    # Whether libvirt reads a serial number from the card.
    has_serial_number: bool | None
    vgpu_scheduler: Scheduler | None
    unreadable: str
    users: list[User] | None


class PhysicalFunction(_OfPhysicalFunctions):  # pylint: disable=inherit-non-class
    """A card that is a PCI function."""

    address: str
    numa_node: int | None
    framework: str | None


class _OfOtherParents(TypedDict, total=False):
    bus: str


class Subject(_OfPhysicalFunctions, _OfOtherParents):  # pylint: disable=inherit-non-class
    """A card that a profile can select: a physical function, or a parent that is not a PCI function."""

    name: str
    address: str | None
    numa_node: int | None
    framework: str | None
    # The card itself or its virtual functions.
    parents: list[Parent]
    # The devices on these parents.
    devices: list[Device]
    # Each type of the parents and devices once.
    types: list[OfferedType]


class SharedGroup(TypedDict):
    """An IOMMU group with several devices."""

    devices: list[str]


class Iommu(TypedDict):
    """The IOMMU of a host, with its kernel."""

    enabled: bool
    # ``intel``, ``amd``, or None if it is unknown.
    cpu_vendor: str | None
    kernel_arguments: list[str]
    # The VFIO drivers that are loaded or part of the kernel.
    vfio_drivers: list[str]
    shared_groups: list[SharedGroup]


class Mdevctl(TypedDict):
    """The program mdevctl and its udev rule on a host; None if they are missing."""

    program: str | None
    udev_program: str | None
    udev_works: bool


class Versions(TypedDict, total=False):
    """Versions of the kernel and of drivers."""

    kernel: str | None
    drivers: Mapping[str, str]


class _Facts(TypedDict):
    physical_functions: list[PhysicalFunction]
    parents: list[Parent]
    devices: list[Device]


class Facts(_Facts, total=False):
    """``ansible_facts.mdev`` of a host."""

    iommu: Iommu
    mdevctl: Mdevctl
    versions: Versions
    warnings: list[str]
