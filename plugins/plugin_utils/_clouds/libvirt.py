# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Derive the names of libvirt node devices (``virsh nodedev-list``)."""

from __future__ import annotations

import re

# Parents that are not PCI functions and have no class name of their own (libvirt's udev driver).
MATRIX = "matrix"
MTTY = "mtty"
SUBCHANNEL = re.compile(r"[0-9a-f]+\.[0-9a-f]\.[0-9a-f]{4}\Z")
PCI_FUNCTION = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")


def node_device(name: str) -> str:
    """Return the node device of a parent: ``pci_0000_84_00_0``, ``mtty_mtty``, ``css_0_0_0313``, ``ap_matrix``.

    It consists of subsystem and kernel name, with underscores for all characters except letters and digits.
    """
    if PCI_FUNCTION.match(name):
        subsystem = "pci"
    elif SUBCHANNEL.match(name):
        subsystem = "css"
    else:
        subsystem = "ap" if name == MATRIX else name
    return re.sub(r"[^A-Za-z0-9]", "_", f"{subsystem}_{name}")


def is_listed(name: str) -> bool:
    """Return whether libvirt lists a parent that is not a PCI function; it ignores other sample drivers."""
    return name in (MTTY, MATRIX) or bool(SUBCHANNEL.match(name))
