# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""vDPA devices, which disappear with their function (drivers/vdpa/vdpa.c)."""

from __future__ import annotations

from .._core.grammar import FUNCTION_IN_PATH
from .._host.root import HostRoot

DEVICES = "sys/bus/vdpa/devices"


def observe(host: HostRoot) -> dict[str, list[str]]:
    """Return the names of vDPA devices by the address of their function."""
    found: dict[str, list[str]] = {}
    for name, path in host.links(DEVICES):
        addresses = FUNCTION_IN_PATH.findall(path)
        if addresses:
            found.setdefault(addresses[-1], []).append(name)
    return found
