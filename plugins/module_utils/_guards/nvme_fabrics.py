# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find connections of this host to remote NVMe drives, and drives that it exports, with their Fibre Channel cards.

The disks of a remote drive are not below a PCI function (drivers/nvme/host/fabrics.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.grammar import FUNCTION_IN_PATH
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot

CONTROLLERS = ("sys/class/nvme-fabrics/ctl", "sys/class/nvme")
PORTS = "sys/class/fc_host"
DRIVES, TARGETS = "sys/class/nvme", "sys/kernel/config/nvmet/subsystems"
# Ports of a Fibre Channel card over which this host exports disks (drivers/nvme/target/configfs.c, tcm_qla2xxx.c). The
# name of the second kind is the number of the port, such as 21:00:00:24:ff:31:4c:48.
NVME_PORTS, SCSI_PORTS = "sys/kernel/config/nvmet/ports", "sys/kernel/config/target/qla2xxx"
# The own port in host_traddr=nn-0x...:pn-0x... (drivers/nvme/host/fc.c, nvme_fc_parse_traddr).
PORT = lazy_pattern(r"pn-0x([0-9a-f]{16})\Z", re.IGNORECASE)


def connections(host: HostRoot) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each controller with the parameters of its connection, such as ``{"traddr": "198.51.100.11"}``."""
    seen = set()
    for directory in CONTROLLERS:
        for name in host.names(directory):
            # For a local drive, the address is a PCI address without options.
            text = host.read(f"{directory}/{name}/address", optional=True) or ""
            options = {key: value for key, equals, value in (one.partition("=") for one in text.split(",")) if equals}
            if options and name not in seen:
                seen.add(name)
                yield name, options


def cards(host: HostRoot) -> dict[str, list[str]]:
    """Map each Fibre Channel card to the connections and exports that it carries: ``the NVMe connection nvme4``."""
    used = [(options.get("host_traddr", ""), f"the NVMe connection {name}") for name, options in connections(host)]
    for name in host.names(NVME_PORTS):
        used.append((host.read(f"{NVME_PORTS}/{name}/addr_traddr", optional=True) or "", f"the NVMe export {name}"))
    for name in host.names(SCSI_PORTS):
        used.append((f"pn-0x{name.replace(':', '')}", f"the SCSI export {name}"))
    found: dict[str, list[str]] = {}
    ports: dict[str, str] = {}
    for text, what in used:
        own = PORT.search(text)
        if own:
            ports = ports or _ports(host)
            address = ports.get(own[1].lower())
            if address:
                found.setdefault(address, []).append(what)
    return found


def exported(host: HostRoot) -> Iterator[tuple[str, str]]:
    """Yield each drive that is exported as a whole, and its subsystem (drivers/nvme/target/configfs.c, passthru)."""
    for subsystem in host.names(TARGETS):
        path = f"{TARGETS}/{subsystem}/passthru"
        if host.read(f"{path}/enable", optional=True) == "1":
            name = (host.read(f"{path}/device_path", optional=True) or "").rpartition("/")[2]
            addresses = FUNCTION_IN_PATH.findall(host.link(f"{DRIVES}/{name}") or "") if name else []
            if addresses:
                yield addresses[-1], subsystem


def _ports(host: HostRoot) -> dict[str, str]:
    found = {}
    for name, path in host.links(PORTS):
        addresses = FUNCTION_IN_PATH.findall(path)
        number = host.read(f"{PORTS}/{name}/port_name", optional=True) if addresses else None
        if number:
            found[number.lower().removeprefix("0x").zfill(16)] = addresses[-1]
    return found
