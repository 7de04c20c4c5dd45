# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Whether the host has an IOMMU, and which of its groups can only be passed through as a whole."""

from __future__ import annotations

from typing import Any

from ._host import HostRoot
from ._pci import PciFunction

UNITS = "sys/class/iommu"
GROUPS = "sys/kernel/iommu_groups"


def observe(host: HostRoot, functions: dict[str, PciFunction]) -> dict[str, Any]:
    """The fields of the dictionary ``iommu``.

    Bridges do not count as members of a group: VFIO needs no driver of its own on them
    (drivers/iommu/iommu.c, iommu_group_claim_dma_owner; Documentation/driver-api/vfio.rst).
    """
    members: dict[int, list[str]] = {}
    for function in functions.values():
        if function.iommu_group is not None and not function.is_bridge:
            members.setdefault(function.iommu_group, []).append(function.address)
    return {
        # Emulated groups of mdevs exist without any IOMMU, so groups alone prove nothing.
        "enabled": bool(members or host.names(UNITS)),
        "group_count": len(host.names(GROUPS)),
        "shared_groups": [
            {"group": group, "devices": addresses} for group, addresses in sorted(members.items()) if len(addresses) > 1
        ],
    }
