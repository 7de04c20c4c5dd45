# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Recognize other spellings of PCI driver names, and describe missing drivers."""

from __future__ import annotations

from collections.abc import Iterable

# The kernel spells module names with underscores, whatever the name of the driver.
KNOWN = ("vfio-pci", "pci-stub", "mlx5_vfio_pci", "uio_pci_generic", "igb_uio")
NO_KERNEL_MODULE = (
    "If modprobe does not find it, the running kernel was built without it: install another kernel (Debian: "
    "`apt install linux-image-amd64`, Ubuntu: `apt install linux-modules-extra-$(uname -r)`) and reboot"
)


def suggested_driver(text: str) -> str | None:
    """Return the driver name for another spelling, such as the module name; None for other texts."""
    letters = _letters(text)
    found = next((name for name in KNOWN if _letters(name) in (letters, f"{letters}pci")), None)
    return found if found != text else None


def missing(name: str, drivers: Iterable[str]) -> str:
    """Return the message for a driver that a host does not have."""
    sentence = f"this host has no driver {name} now"
    if "vfio" in name:
        return f"{sentence}. Load its module with the playbook site, or with `modprobe {name}`. {NO_KERNEL_MODULE}"
    similar = next((driver for driver in sorted(drivers) if _letters(driver) == _letters(name)), None)
    if similar:
        return f"{sentence}, but {similar}. Write {similar}"
    return f"{sentence}: load its module, or correct the name"


def _letters(text: str) -> str:
    return text.lower().replace("-", "").replace("_", "")
