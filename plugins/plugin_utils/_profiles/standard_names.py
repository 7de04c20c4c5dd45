# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate standard resource classes and traits of Placement."""

from __future__ import annotations

import difflib

from ansible_collections.vfio.devices.plugins.module_utils._placement import names

try:
    import os_traits
except ImportError:
    os_traits = None

# The classes of os_resource_classes that count devices; a card with class VCPU would offer processors.
DEVICE_CLASSES = ("FPGA", "PCI_DEVICE", "PGPU", "SRIOV_NET_VF", "VGPU")


def resource_class(text: str) -> str:
    """Return a custom class, or a standard class for devices; raise ``ValueError`` for others."""
    names.resource_class(text)
    if names.is_custom(text) or text in DEVICE_CLASSES:
        return text
    raise ValueError(
        f"resource class {text} is not a standard class for devices. The standard classes are "
        f"{', '.join(DEVICE_CLASSES)}. "
        f"Write {_custom(text)} for a custom class"
    )


def trait(text: str) -> str:
    """Return a trait; raise ``ValueError`` if it is invalid, or if os-traits is installed and does not contain it."""
    names.trait(text)
    if names.is_custom(text) or os_traits is None or text in os_traits.get_traits():
        return text
    closest = difflib.get_close_matches(text, os_traits.get_traits(), n=1)
    instead = f" Did you mean {closest[0]}?" if closest else ""
    raise ValueError(
        f"trait {text} is not a standard trait.{instead} Write {_custom(text)} for a custom trait, or update "
        "os-traits on the controller if Placement has a newer version"
    )


def _custom(text: str) -> str:
    return f"CUSTOM_{text}"[:255]
