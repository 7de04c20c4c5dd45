# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read IOMMU state, kernel arguments, and IOMMU groups that can only be passed through as a whole."""

from __future__ import annotations

from .._core.patterns import lazy_pattern
from .._core.text import printable
from .._host.root import HostRoot
from .._model.host import Iommu, SharedGroup
from .pci import PciFunction
from .sriov import is_vfio_driver

UNITS = "sys/class/iommu"
GROUPS = "sys/kernel/iommu_groups"
DRIVERS = "sys/bus/pci/drivers"
COMMAND_LINE = "proc/cmdline"
# One short line; proc/cpuinfo has a page for each CPU and interrupts all CPUs to read their frequency.
CPU = "sys/devices/system/cpu/modalias"

# White space in double quotes belongs to the argument (lib/cmdline.c, next_arg).
ARGUMENT = lazy_pattern(r'(?:[^\s"]|"[^"]*"?)+')
X86 = lazy_pattern(r"cpu:type:x86,ven([0-9A-F]{4})")
# Vendor numbers of arch/x86/include/asm/processor.h; Hygon processors have an AMD IOMMU.
CPU_VENDORS = {"0000": "intel", "0002": "amd", "0009": "amd"}


def observe(host: HostRoot, functions: dict[str, PciFunction]) -> Iommu:
    """Return the IOMMU state and groups.

    Bridges do not count as members, because VFIO does not need a VFIO driver on them (drivers/iommu/iommu.c,
    iommu_group_claim_dma_owner; Documentation/driver-api/vfio.rst).
    """
    members: dict[int, list[str]] = {}
    for function in functions.values():
        if function.iommu_group is not None and not function.is_bridge:
            members.setdefault(function.iommu_group, []).append(function.address)
    return Iommu(
        # mdevs have emulated groups without an IOMMU, so groups alone prove nothing.
        enabled=bool(members or host.names(UNITS)),
        group_count=len(host.names(GROUPS)),
        shared_groups=tuple(
            SharedGroup(group, tuple(addresses)) for group, addresses in sorted(members.items()) if len(addresses) > 1
        ),
        cpu_vendor=_cpu_vendor(host),
        kernel_arguments=tuple(ARGUMENT.findall(_command_line(host))),
        vfio_drivers=tuple(name for name in host.names(DRIVERS) if is_vfio_driver(name)),
    )


def _command_line(host: HostRoot) -> str:
    """Return the kernel command line; an argument that is not valid UTF-8 must not hide the others."""
    return printable((host.read_bytes(COMMAND_LINE) or b"").decode(errors="replace").rstrip())


def _cpu_vendor(host: HostRoot) -> str | None:
    """Return the vendor of the IOMMU that the CPU can have: ``intel``, ``amd``, or None."""
    found = X86.match(host.read(CPU, optional=True) or "")
    return CPU_VENDORS.get(found[1]) if found else None
