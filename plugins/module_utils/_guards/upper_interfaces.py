# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the interfaces on top of each interface: VLANs, bonds and bridges, and InfiniBand partitions."""

from __future__ import annotations

from collections.abc import Iterable

from .._host.root import HostRoot

INTERFACES = "sys/class/net"
UPPER = "upper_"
# Interfaces of InfiniBand partitions have no link to their parent, but its index in "iflink"
# (drivers/infiniband/ulp/ipoib/ipoib_main.c, ipoib_get_iflink). Only a parent has this file.
PARENT = "create_child"
# The type of their hardware (include/uapi/linux/if_arp.h, ARPHRD_INFINIBAND). The "iflink" of an end of a veth pair may
# be an index in another network namespace.
INFINIBAND = "32"


def observe(host: HostRoot, names: Iterable[str]) -> dict[str, list[str]]:
    """Map each interface to those on top of it, which include the bond or bridge of which it is a port."""
    listed = {name: host.names(f"{INTERFACES}/{name}") for name in names}
    above = {
        name: [entry[len(UPPER) :] for entry in entries if entry.startswith(UPPER)] for name, entries in listed.items()
    }
    parents = {
        host.read(f"{INTERFACES}/{name}/ifindex", optional=True): name
        for name, entries in listed.items()
        if PARENT in entries
    }
    for name in listed if parents else ():
        parent = parents.get(host.read(f"{INTERFACES}/{name}/iflink", optional=True))
        if parent and parent != name and host.read(f"{INTERFACES}/{name}/type", optional=True) in (None, INFINIBAND):
            above[parent].append(name)
    return above
