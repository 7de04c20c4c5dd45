# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find settings that give PCI ids to vfio-pci, so that it takes such functions before their native driver.

Source: drivers/vfio/pci/vfio_pci.c, vfio_pci_fill_ids.
"""

from __future__ import annotations

import re

from .._host.root import HostRoot
from .pci import DEVICES

COMMAND_LINE = "proc/cmdline"
DIRECTORIES = ("etc/modprobe.d", "run/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d")
ARGUMENT_NAME = "the kernel argument vfio-pci.ids"
ARGUMENT = re.compile(r"(?:^|\s)\"?vfio[-_]pci\.ids=\"?([\w:,]+)")
OPTION = re.compile(r"^\s*options\s+vfio[-_]pci\s(?:.*\s)?ids=\"?([\w:,]+)", re.MULTILINE)


def source(host: HostRoot, vendor_id: str, product_id: str) -> str | None:
    """Return the kernel argument or file that gives these ids to vfio-pci, such as ``/etc/modprobe.d/vfio.conf``."""
    if _contain(ARGUMENT.findall(host.read(COMMAND_LINE, optional=True) or ""), vendor_id, product_id):
        return ARGUMENT_NAME
    for directory in DIRECTORIES:
        for name in host.names(directory):
            path = f"{directory}/{name}"
            text = host.read(path, optional=True) if name.endswith(".conf") else None
            if _contain(OPTION.findall(text or ""), vendor_id, product_id):
                return f"/{path}"
    return None


def advice(source_of_ids: str, vendor_id: str, product_id: str) -> str:
    """Return what to do against the result of :func:`source`."""
    ids = f"{vendor_id}:{product_id}"
    if source_of_ids == ARGUMENT_NAME:
        return f"Remove {ids} there, and reboot"
    return (
        f"Remove {ids} there, and update the initial file system. Then reboot, or run {_forget(vendor_id, product_id)}"
    )


def advice_for(host: HostRoot, address: str) -> str:
    """Return what to do if the kernel has selected vfio-pci for a function that has no override."""
    ids = [(host.read(f"{DEVICES}/{address}/{name}", optional=True) or "")[2:] for name in ("vendor", "device")]
    if not all(ids):
        return ""
    return f". vfio-pci probably has its ids from a setting (ids=). Remove them there, and run {_forget(*ids)}"


def _forget(vendor_id: str, product_id: str) -> str:
    return f"echo '{vendor_id} {product_id}' > /sys/bus/pci/drivers/vfio-pci/remove_id"


def _contain(lists: list[str], vendor_id: str, product_id: str) -> bool:
    # More parts of an entry, such as the subsystem, make it more specific.
    given = [one.lower().split(":") for entries in lists for one in entries.split(",")]
    return any([part.zfill(4) for part in parts[:2]] == [vendor_id, product_id] for parts in given)
