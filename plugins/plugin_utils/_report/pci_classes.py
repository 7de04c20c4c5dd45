# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Short names of PCI classes for a table column (include/linux/pci_ids.h)."""

from __future__ import annotations

from typing import Any

WORDS = {
    "0108": "NVMe",
    "0200": "Ethernet",
    "0207": "InfiniBand",
    "02": "network",
    "0300": "VGA",
    "0302": "3D",
    "03": "display",
    "0680": "NVSwitch",
    "0b40": "coprocessor",
    "1000": "crypto",
    "12": "accelerator",
}


def words(pci_class: Any) -> str:
    """Return the name of a class and subclass, or else its digits; empty without a class."""
    text = str(pci_class or "")
    return next((WORDS[beginning] for beginning in (text, text[:2]) if beginning in WORDS), text)
