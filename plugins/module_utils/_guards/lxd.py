# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of LXD and Incus instances.

The daemons store instances in a database. A copy of the configuration is next to the disk of an instance, and is
readable while the storage pool is mounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .referenced_devices import DEVICE, FILE, GPU, INTERFACE, POOL, Guest, Reference

LXD = ("var/lib/lxd", "var/snap/lxd/common/lxd", "var/lib/incus")
DAEMONS = ("lxd", "incusd")
LXC, INCUS = "lxc", "incus"
KINDS = ("containers", "virtual-machines")
DEVICES = lazy_pattern(r"( *)(?:expanded_)?devices:\s*\Z")
EVERY_GPU = (Reference(FILE, "/dev/dri"), Reference(GPU, "all"))
# Devices of snapshots are not those of the instance, which may have lost them since.
SNAPSHOTS = lazy_pattern(r"^snapshots:.*\n(?:[ -].*\n?)*", re.MULTILINE)
ENTRY = lazy_pattern(r"( *)([\w.-]+):\s*(.*?)\s*\Z")
# Devices that the daemon has selected for an instance that runs or has run.
CHOSEN = lazy_pattern(
    r"^[ \t]*volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid):\s*\"?([^\s\"]+)", re.MULTILINE
)


def instances(host: HostRoot, unreadable: list[str]) -> Iterator[Guest]:
    """Yield each instance; add to ``unreadable`` the names of those without a readable copy."""
    for base in LXD:
        for pool in host.names(f"{base}/storage-pools"):
            for kind in KINDS:
                directory = f"{base}/storage-pools/{pool}/{kind}"
                for name in host.names(directory):
                    path = f"{directory}/{name}/backup.yaml"
                    text = host.read(path, optional=True)
                    if text is None:
                        unreadable.append(name)
                    else:
                        running = host.exists(f"{base}/devices/{name}")
                        program = INCUS if base.endswith(INCUS) else LXC
                        # Only the daemon writes the file.
                        advice = f"remove the device with {program} config device remove {name} NAME"
                        advice = f"stop it with {program} stop {name}, and {advice}" if running else advice
                        yield Guest(name, path, running, tuple(in_backup(text)), advice)


def in_backup(text: str) -> Iterator[Reference]:
    """Yield the devices in a backup.yaml, whose format only the daemon writes."""
    text = SNAPSHOTS.sub("", text)
    yield from (Reference(DEVICE, name) for name in CHOSEN.findall(text))
    for device in _devices(text):
        kind = device.get("type")
        if kind == "gpu":
            selected = device.get("pci")
            yield from [Reference(DEVICE, selected)] if selected else EVERY_GPU
        elif kind == "pci":
            yield Reference(DEVICE, device.get("address", ""))
        elif kind in ("nic", "infiniband") and device.get("parent"):
            nic = device.get("nictype")
            if nic in ("physical", "macvlan", "ipvlan", "sriov"):
                yield Reference(POOL if nic == "sriov" else INTERFACE, device["parent"])
        else:
            for path in (device.get("source", ""), device.get("path", "")):
                if path.startswith("/dev/"):
                    yield Reference(FILE, path)


def _devices(text: str) -> Iterator[dict[str, str]]:
    """Yield the mappings below each key ``devices`` and ``expanded_devices``."""
    depth = -1
    device: dict[str, str] = {}
    for line in text.splitlines():
        begin, entry = DEVICES.match(line), ENTRY.match(line)
        if begin:
            depth = len(begin[1])
        elif entry and depth >= 0 and len(entry[1]) > depth:
            if not entry[3]:
                if device:
                    yield device
                device = {}
            else:
                device[entry[2]] = entry[3].strip("\"'")
        elif entry:
            depth = -1
    if device:
        yield device
