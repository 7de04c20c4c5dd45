# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read physical functions, their virtual functions (VFs) and the modes of cards.

Relations come from the links ``physfn`` and ``virtfnN`` and not from addresses, because VFs may be on another bus than
their PF.
"""

from __future__ import annotations

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .._model.host import Binding, Card, Sriov, VirtualFunction
from .pci import DEVICES, NumaNodes, PciFunction

VIRTUAL_FUNCTION = lazy_pattern(r"virtfn([0-9]{1,5})\Z")
PRODUCT_ID = lazy_pattern(r"[0-9a-f]{4}\Z")
# TotalVFs is a field of 16 bits (include/uapi/linux/pci_regs.h, PCI_SRIOV_TOTAL_VF).
MOST_VFS = 65535
# The PCI core answers these without a lock in current kernels (drivers/pci/iov.c). Reading them with driver_override,
# which takes a lock, costs no further request.
TOTAL, VF_DEVICE, AUTOPROBE = "sriov_totalvfs", "sriov_vf_device", "sriov_drivers_autoprobe"
OVERRIDE = "driver_override"
# vfio-pci and its variant drivers, such as mlx5_vfio_pci and nvgrace-gpu-vfio-pci.
VFIO_DRIVER = lazy_pattern(r"(.*[-_])?vfio[-_]pci\Z")
# A driver that only keeps other drivers away.
STUB = "pci-stub"
# The network interface of a virtio NIC belongs to the virtio device of the PCI function.
VIRTIO_DEVICE = lazy_pattern(r"virtio\d+\Z")
# The port name of a representor of a VF or subfunction (Documentation/networking/devlink/devlink-port.rst).
REPRESENTOR = lazy_pattern(r"(c\d+)?pf\d+(vf|sf)\d+\Z")


def is_vfio_driver(driver: str | None) -> bool:
    return bool(driver and VFIO_DRIVER.match(driver))


def allows_passthrough_beside(driver: str | None) -> bool:
    """Return whether the kernel passes through the other members of an IOMMU group with a member on this driver.

    Source: ``driver_managed_dma`` of drivers/pci/pci-stub.c and drivers/vfio/pci/vfio_pci.c.
    """
    return driver in (None, STUB) or is_vfio_driver(driver)


def normal_override(text: str | None) -> str | None:
    """Return the override, or None if ``driver_override`` is unset (drivers/pci/pci-sysfs.c, driver_override_show)."""
    return None if text in (None, "", "(null)") else text


def read_cards(
    host: HostRoot,
    functions: list[PciFunction],
    all_functions: dict[str, PciFunction],
    numa_nodes: NumaNodes,
) -> list[Card]:
    """Return a card for each of ``functions``, which must not contain VFs."""
    cards = {function.address for function in functions}
    parts = [one for one in all_functions.values() if one.address in cards or one.physical_function in cards]
    files = [path for function in functions for path in _files(function)]
    with host.names_ahead(f"{owner}/net" for part in parts for owner in interface_owners(part)):
        netdevs = {part.address: _netdevs(host, part) for part in parts}
    found = []
    with host.ahead(files):
        for function in functions:
            virtual_functions = _virtual_functions(host, function, all_functions, netdevs)
            found.append(
                Card(
                    address=function.address,
                    ids=function.identity,
                    binding=Binding(
                        normal_override(host.read_line(f"{function.path}/{OVERRIDE}", optional=True)), function.driver
                    ),
                    mode=_mode(function, virtual_functions),
                    numa_node=numa_nodes[function.address],
                    iommu_group=function.iommu_group,
                    netdevs=tuple(netdevs[function.address]),
                    sriov=_capability(host, function) if TOTAL in function.entries else None,
                    virtual_functions=tuple(virtual_functions),
                    is_bridge=function.is_bridge,
                )
            )
    return found


def _capability(host: HostRoot, function: PciFunction) -> Sriov:
    return Sriov(
        total=host.read_number(f"{function.path}/{TOTAL}", most=MOST_VFS),
        vf_product_id=_vf_product_id(host, function),
        autoprobe=_drivers_autoprobe(host, function),
    )


def _files(function: PciFunction) -> list[str]:
    """Return the files of a function whose reads a driver may delay."""
    names = [OVERRIDE, *((TOTAL, VF_DEVICE, AUTOPROBE) if TOTAL in function.entries else ())]
    return [f"{function.path}/{name}" for name in names]


def _mode(function: PciFunction, virtual_functions: list[VirtualFunction]) -> str:
    if is_vfio_driver(function.driver):
        return "pf"
    return "vf" if virtual_functions else "host"


def _drivers_autoprobe(host: HostRoot, function: PciFunction) -> bool | None:
    number = host.read_number(f"{function.path}/{AUTOPROBE}", optional=True, most=1)
    return None if number is None else bool(number)


def _vf_product_id(host: HostRoot, function: PciFunction) -> str | None:
    """Return four digits; the kernel omits leading zeros (drivers/pci/iov.c, sriov_vf_device_show)."""
    path = f"{function.path}/{VF_DEVICE}"
    text = host.read(path, optional=True)
    if text is None:
        return None
    digits = text.lower().zfill(4)
    if PRODUCT_ID.match(digits):
        return digits
    host.warn(f"/{path} holds {text[:40]!r}, which is not a product id of four hexadecimal digits", path)
    return None


def paths_of_virtual_functions(host: HostRoot, function: PciFunction) -> list[str]:
    """Return the paths of the links to the VFs of a function, and those to which they lead."""
    links = [f"{function.path}/{entry}" for entry in function.entries if VIRTUAL_FUNCTION.match(entry)]
    return [*links, *(f"{DEVICES}/{host.link_name(link)}" for link in links)]


def _virtual_functions(
    host: HostRoot,
    function: PciFunction,
    all_functions: dict[str, PciFunction],
    netdevs: dict[str, list[str]],
) -> list[VirtualFunction]:
    """Return the VFs that have a link. Reading ``sriov_numvfs`` instead could block forever (drivers/pci/iov.c)."""
    matches = (VIRTUAL_FUNCTION.match(entry) for entry in function.entries)
    found = []
    for index in sorted(int(match[1]) for match in matches if match):
        address = host.link_name(f"{function.path}/virtfn{index}")
        virtual = all_functions.get(address or "")
        if virtual is None:
            host.warn(f"{function.path}/virtfn{index} does not point to a PCI function")
            continue
        own = netdevs.get(virtual.address)
        netdev = own[0] if own else None
        binding = Binding(driver=virtual.driver)
        found.append(VirtualFunction(virtual.address, index, binding, virtual.iommu_group, netdev))
    return found


def _netdevs(host: HostRoot, function: PciFunction) -> list[str]:
    """Return the function's own network interfaces, without the representors of switchdev mode."""
    paths = [
        (name, f"{owner}/net/{name}") for owner in interface_owners(function) for name in host.names(f"{owner}/net")
    ]
    return [name for name, path in paths if len(paths) == 1 or not _is_representor(host, path)]


def interface_owners(function: PciFunction) -> list[str]:
    """Return the paths of devices that may have the function's network interfaces."""
    owners = [function.path] if "net" in function.entries else []
    return owners + [f"{function.path}/{entry}" for entry in function.entries if VIRTIO_DEVICE.match(entry)]


def _is_representor(host: HostRoot, path: str) -> bool:
    # A port without a switch returns EOPNOTSUPP, which is normal (net/core/net-sysfs.c).
    return bool(REPRESENTOR.match(host.read(f"{path}/phys_port_name", optional=True) or ""))
