# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read identity and driver of each PCI function of a host."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .._core.grammar import PCI_ADDRESS
from .._core.patterns import lazy_pattern
from .._core.text import decimal
from .._host.root import HostRoot
from .._model.host import PciIds

DEVICES = "sys/bus/pci/devices"

# The only attribute with all ids of a function whose read takes no lock, apart from uevent (drivers/pci/pci-sysfs.c,
# modalias_show).
MODALIAS = lazy_pattern(
    r"pci:v0000(?P<vendor>[0-9A-F]{4})d0000(?P<product>[0-9A-F]{4})"
    r"sv0000(?P<subvendor>[0-9A-F]{4})sd0000(?P<subproduct>[0-9A-F]{4})"
    r"bc(?P<class>[0-9A-F]{2})sc(?P<subclass>[0-9A-F]{2})i(?P<interface>[0-9A-F]{2})\Z"
)

# CONFIG_NODES_SHIFT is at most 10.
MOST_NODES = 1023
# Group numbers are ints (drivers/iommu/iommu.c, iommu_group_ida).
MOST_GROUPS = 2**31 - 1
# PCI classes of bridges with devices behind them, and of host bridges. VFIO treats an NVSwitch (0680) or ISA bridge
# (0601) as an ordinary function (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_register_device: header type 0).
BRIDGES = ("0600", "0604", "0607", "0609")
# Only functions with a bridge header have these, whatever their class (drivers/pci/pci-sysfs.c, pci_bridge_attrs;
# drivers/pci/probe.c, pci_alloc_child_bus).
BRIDGE_ATTRIBUTES = frozenset(("secondary_bus_number", "pci_bus"))
# Only VFs have this attribute, since Linux 5.14 (drivers/pci/iov.c, sriov_vf_dev_attr_group).
VF_ATTRIBUTE = "sriov_vf_msix_count"
# The name of groups that VFIO creates in its no-IOMMU mode.
NO_IOMMU = "vfio-noiommu"


class PciFunction(NamedTuple):
    """The current state of a function. ``identity`` is None for VFs, whose card has it, and if it is unreadable."""

    address: str
    entries: frozenset[str]
    identity: PciIds | None
    physical_function: str | None
    driver: str | None
    iommu_group: int | None

    @property
    def path(self) -> str:
        return f"{DEVICES}/{self.address}"

    @property
    def is_virtual(self) -> bool:
        """Return whether this is a VF. A VF whose removal waits for its user has already lost the link to its PF."""
        return self.physical_function is not None or VF_ATTRIBUTE in self.entries

    @property
    def is_bridge(self) -> bool:
        by_class = self.identity is not None and self.identity.pci_class.startswith(BRIDGES)
        return by_class or bool(BRIDGE_ATTRIBUTES & self.entries)


class NumaNodes(dict[str, Optional[int]]):
    """Maps the address of a function to its NUMA node; each node is read at the first access.

    The node is None if the firmware does not specify one; the kernel then reports -1.
    """

    def __init__(self, host: HostRoot) -> None:
        super().__init__()
        self._host = host

    def __missing__(self, address: str) -> int | None:
        node = self._host.read_number(f"{DEVICES}/{address}/numa_node", optional=True, least=-1, most=MOST_NODES)
        self[address] = None if node is None or node < 0 else node
        return self[address]


def observe(host: HostRoot) -> dict[str, PciFunction]:
    """Return all PCI functions of the host by address, sorted by address."""
    host.forget_timeouts()
    addresses = []
    for name in host.names(DEVICES):
        if PCI_ADDRESS.match(name):
            addresses.append(name)
        else:
            host.warn(f"/{DEVICES} has an entry {name[:80]!r}, which is not a PCI address")
    with host.names_ahead(f"{DEVICES}/{address}" for address in addresses):
        functions = [_observe_function(host, address) for address in addresses]
    for found in functions:
        if found.physical_function:
            host.belongs_to(found.address, found.physical_function)
    return {found.address: found for found in functions if found.entries}


def function(host: HostRoot, address: str) -> PciFunction:
    """Return the function at an address; a missing one has no entries."""
    return _observe_function(host, address)


def _observe_function(host: HostRoot, address: str) -> PciFunction:
    path = f"{DEVICES}/{address}"
    entries = frozenset(host.names(path, optional=False))
    physical_function = host.link_name(f"{path}/physfn") if "physfn" in entries else None
    leaving = physical_function is None and VF_ATTRIBUTE in entries
    driver = host.link_name(f"{path}/driver") if "driver" in entries else None
    grouped = "iommu_group" in entries and not _is_unprotected(host, path, driver)
    if leaving:
        host.warn(f"the virtual function {address} is being removed, but is still in use")
    return PciFunction(
        address=address,
        entries=entries,
        identity=None if physical_function or leaving or not entries else _identity(host, path),
        physical_function=physical_function,
        driver=driver,
        iommu_group=iommu_group(host, path) if grouped else None,
    )


def _is_unprotected(host: HostRoot, path: str, driver: str | None) -> bool:
    """Return whether the group of a function is one of VFIO's no-IOMMU mode, which does not protect the host.

    Only functions with a VFIO driver get such a group (drivers/vfio/group.c, vfio_noiommu_group_alloc).
    """
    return "vfio" in (driver or "") and host.read(f"{path}/iommu_group/name", optional=True) == NO_IOMMU


def _identity(host: HostRoot, path: str) -> PciIds | None:
    text = host.read(f"{path}/modalias")
    if text is None:
        return None
    ids = MODALIAS.match(text)
    if not ids:
        host.warn(f"/{path}/modalias holds {text[:80]!r}, which is not the format of PCI functions")
        return None
    return PciIds(
        vendor_id=ids["vendor"].lower(),
        product_id=ids["product"].lower(),
        subsystem_vendor_id=ids["subvendor"].lower(),
        subsystem_product_id=ids["subproduct"].lower(),
        pci_class=(ids["class"] + ids["subclass"] + ids["interface"]).lower(),
    )


def iommu_group(host: HostRoot, path: str) -> int | None:
    """Return the number of a device's IOMMU group, or None if it has none."""
    return decimal(host.link_name(f"{path}/iommu_group"), most=MOST_GROUPS)
