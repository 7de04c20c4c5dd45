# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.
"""Find ports of packet switches that use cards without a kernel driver: Open vSwitch with DPDK, and VPP.

A switch that runs has its cards open, which other guards find. These files also show those of a stopped switch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.files import MEBIBYTE
from .._host.root import HostRoot
from .container_engines import as_list, as_mapping
from .referenced_devices import PORT, Guest, Reference

OPEN_VSWITCH = "etc/openvswitch/conf.db"
# Open vSwitch rewrites a log that has grown beyond this size.
MOST = 64 * MEBIBYTE
VPP, VPP_PROGRAM = "etc/vpp/startup.conf", "usr/bin/vpp"
VPP_DEVICE = lazy_pattern(r"^[^#\n]*\bdev\s+([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])", re.MULTILINE | re.I)
ADDRESS = lazy_pattern(r"([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?:,|\Z)", re.I)


def ports(host: HostRoot) -> Iterator[Guest]:
    """Yield each switch port on a card."""
    database = host.read_bytes(OPEN_VSWITCH, MOST) if host.exists(OPEN_VSWITCH) else None
    for name, address in in_database((database or b"").decode(errors="replace")):
        advice = f"remove the port with ovs-vsctl del-port {name}"
        yield Guest(f"port {name} of Open vSwitch", OPEN_VSWITCH, False, (Reference(PORT, address),), advice)
    if host.exists(VPP_PROGRAM):
        for address in VPP_DEVICE.findall(host.read(VPP, optional=True) or ""):
            yield Guest("VPP", VPP, False, (Reference(PORT, address.lower()),))


def in_database(text: str) -> list[tuple[str, str]]:
    """Return name and address of each DPDK port in a log of changes (ovsdb(5), ovsdb-server's file format)."""
    names: dict[str, str] = {}
    options: dict[str, dict[str, str]] = {}
    for line in text.splitlines() if "dpdk-devargs" in text else ():
        record = as_mapping(line) if line.startswith("{") else {}
        for row, change in as_mapping(record.get("Interface")).items():
            if change is None:
                names.pop(row, None)
                options.pop(row, None)
                continue
            columns = as_mapping(change)
            names[row] = str(columns.get("name", names.get(row, "")))
            if "options" in columns:
                before = options.get(row, {}) if record.get("_is_diff") is True else {}
                options[row] = _changed(before, _pairs(columns["options"]))
    found = ((names[row], ADDRESS.match(chosen.get("dpdk-devargs", ""))) for row, chosen in options.items())
    return [(name, address[1].lower()) for name, address in found if address]


def _pairs(value: object) -> dict[str, str]:
    """Return a map of the database: ``["map", [["dpdk-devargs", "0000:41:00.0"]]]``."""
    parts = as_list(value)
    pairs = as_list(parts[1]) if len(parts) == 2 else []
    return {str(pair[0]): str(pair[1]) for pair in map(as_list, pairs) if len(pair) == 2}


def _changed(before: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """Apply a difference of maps, in which an equal pair stands for a removed one."""
    removed = {key for key, value in changes.items() if before.get(key) == value}
    return {key: value for key, value in {**before, **changes}.items() if key not in removed}
