# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read model names from the driver or from pci.ids of the host, and versions of kernel and drivers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

from .._core.patterns import lazy_pattern
from .._core.text import printable
from .._host.root import HostRoot
from .pci import PciFunction

# Debian and Ubuntu; Fedora, RHEL, SUSE and Arch; the file that update-pciids writes on Debian.
DATABASES = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids", "var/lib/pciutils/pci.ids")
# In bytes: pci.ids had 1.5 MB in 2025.
MOST = 8 << 20
# Lines of products and subsystems begin with tabs, and comments may be anywhere.
NEXT_VENDOR = lazy_pattern(rb"\n[^\t#\n]")
NVIDIA = "proc/driver/nvidia/gpus/{}/information"
NVIDIA_MODEL = lazy_pattern(r"^Model:\s*(\S.*?)\s*$", re.MULTILINE)
# Drivers without this file are part of the kernel and have its version.
VERSION = "sys/module/{}/version"
KERNEL = "proc/sys/kernel/osrelease"


def observe_models(host: HostRoot, functions: Iterable[PciFunction]) -> dict[str, Optional[str]]:
    """Return the model name of each function by address, or None; pci.ids is read at most once, if needed."""
    found: dict[str, Optional[str]] = {}
    unnamed = []
    for function in functions:
        found[function.address] = _of_driver(host, function)
        if found[function.address] is None and function.identity:
            unnamed.append(function)
    if unnamed:
        # Any of the files may be the newest one; prefer the file of the distribution.
        database = next((text for text in (host.read_bytes(path, MOST) for path in DATABASES) if text), b"")
        database = b"\n" + database
        for function in unnamed:
            identity = function.identity
            if identity and database:
                found[function.address] = model_in(database, identity.vendor_id, identity.product_id)
    return found


def observe_versions(host: HostRoot, drivers: Iterable[str]) -> dict[str, object]:
    """Return the kernel release, and the versions of drivers that have their own."""
    versions = {
        driver: host.read_line(VERSION.format(driver.replace("-", "_")), optional=True) for driver in set(drivers)
    }
    return {
        "kernel": host.read_line(KERNEL, optional=True),
        "drivers": {driver: version for driver, version in sorted(versions.items()) if version},
    }


def model_in(database: bytes, vendor_id: str, product_id: str) -> Optional[str]:
    """Return the product name in pci.ids, or the vendor name with the product id, or None.

    ``database`` begins with a newline.
    """
    # Searching for the lines of the ids is a thousand times faster than parsing the file.
    vendor = database.find(f"\n{vendor_id}  ".encode("ascii"))
    if vendor < 0:
        return None
    following = NEXT_VENDOR.search(database, vendor + 1)
    end = following.start() if following else len(database)
    product = database.find(f"\n\t{product_id}  ".encode("ascii"), vendor, end)
    if product >= 0:
        return _name(database, product + len(f"\n\t{product_id}  "))
    name = _name(database, vendor + len(f"\n{vendor_id}  "))
    return f"{name} {product_id}" if name else None


def _of_driver(host: HostRoot, function: PciFunction) -> Optional[str]:
    if function.driver != "nvidia":
        return None
    text = host.read(NVIDIA.format(function.address), optional=True)
    match = NVIDIA_MODEL.search(text or "")
    return printable(match[1], "") if match else None


def _name(database: bytes, start: int) -> Optional[str]:
    end = database.find(b"\n", start)
    text = database[start : end if end >= 0 else len(database)]
    return printable(text.decode("utf-8", "replace").strip(), "") or None
