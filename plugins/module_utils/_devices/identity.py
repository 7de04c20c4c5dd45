# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Whether a card is the one that was recorded: addresses move when others are added or taken out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from .._host.root import HostRoot
from .pci import PciFunction

# The name of each field in a sentence. A field is missing if the host currently does not report it.
UNIQUE = {"serial_number": "serial number", "nvme": "NVMe serial number", "gpu": "GPU UUID", "mac": "MAC address"}
# Of what a driver reports only after a moment the drivers, None for any; a drive gets its driver early at each boot.
REPORTED_BY: dict[str, Optional[tuple[Optional[str], ...]]] = {"mac": None, "nvme": (None, "nvme"), "gpu": ("nvidia",)}
SUBSYSTEM, MAC, SLOT = "subsystem", "mac", "slot"
SLOTS = "sys/bus/pci/slots"
NVIDIA = "proc/driver/nvidia/gpus"
GPU_UUID = re.compile(r"^GPU UUID:\s*(GPU-[0-9a-fA-F-]+)\s*$", re.MULTILINE)
NO_SERIAL_NUMBER = re.compile(r"(?:00-){7}00\Z|(?:ff-){7}ff\Z")
# NET_ADDR_PERM (include/uapi/linux/netdevice.h): no bond, program or chance has set it.
PERMANENT = "0"
# The part of an InfiniBand address that stays: the GUID of its port.
GUID = 23

Identity = dict[str, str]


class Identities:
    """The identity of the cards of a host among cards of the same model; slots are read once."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self._slots: Optional[dict[str, str]] = None

    def of(self, function: PciFunction) -> Identity:
        """The fields that are known of a card now."""
        path, found = function.path, {}
        if function.identity:
            found[SUBSYSTEM] = f"{function.identity.subsystem_vendor_id}:{function.identity.subsystem_product_id}"
        if "serial_number" in function.entries:
            # The kernel has the device serial number of PCI Express here, for root only.
            serial_number = self._host.read(f"{path}/serial_number", optional=True)
            if serial_number and not NO_SERIAL_NUMBER.match(serial_number):
                found["serial_number"] = serial_number
        for name in self._host.names(f"{path}/nvme") if "nvme" in function.entries else ():
            found["nvme"] = self._host.read(f"{path}/nvme/{name}/serial", optional=True) or ""
        if function.driver == "nvidia":
            gpu = GPU_UUID.search(self._host.read(f"{NVIDIA}/{function.address}/information", optional=True) or "")
            found["gpu"] = gpu[1] if gpu else ""
        if "net" in function.entries:
            found[MAC] = self._addresses(f"{path}/net")
        found[SLOT] = self._slot(function.address)
        return {field: value for field, value in found.items() if value}

    def _addresses(self, path: str) -> str:
        addresses = []
        for name in self._host.names(path):
            kind = self._host.read(f"{path}/{name}/addr_assign_type", optional=True)
            address = self._host.read(f"{path}/{name}/address", optional=True)
            if address and kind in (None, PERMANENT):
                addresses.append(address[-GUID:].lower())
        return " ".join(sorted(addresses))

    def _slot(self, address: str) -> str:
        if self._slots is None:
            # Such as 0000:41:00, without a function.
            named = [
                (name, self._host.read(f"{SLOTS}/{name}/address", optional=True)) for name in self._host.names(SLOTS)
            ]
            self._slots = {place: name for name, place in named if place}
        return self._slots.get(address.rpartition(".")[0], "")


def difference(recorded: Any, now: Mapping[str, str]) -> Optional[str]:
    """What shows that the card is another one than the recorded; None if nothing does, or nothing can be compared."""
    recorded = trusted_identity(recorded)
    for field, name in {SUBSYSTEM: "subsystem", **UNIQUE}.items():
        old, new = recorded.get(field), now.get(field)
        if old and new and not set(old.split()) & set(new.split()):
            return f"{name} {new} instead of {old}"
    if is_same(recorded, now) or not recorded.get(SLOT) or not now.get(SLOT) or recorded[SLOT] == now[SLOT]:
        return None
    return f"slot {now[SLOT]} instead of {recorded[SLOT]}"


def is_same(recorded: Any, now: Mapping[str, str]) -> bool:
    """Whether a card is the recorded one for certain, wherever it is."""
    recorded = trusted_identity(recorded)
    return any(set(recorded.get(field, "").split()) & set(now.get(field, "").split()) for field in UNIQUE)


def awaited(recorded: Any, now: Mapping[str, str], driver: str | None) -> Optional[str]:
    """The name of what would identify the card, and its driver will report soon; None if nothing is awaited."""
    recorded = trusted_identity(recorded)
    if is_same(recorded, now):
        return None
    for field, drivers in REPORTED_BY.items():
        if field in recorded and field not in now and (drivers is None or driver in drivers):
            return UNIQUE[field]
    return None


def model_of(vendor_id: str | None, product_id: str | None) -> str:
    """``8086:159b``: addresses move when cards are added, and a record is of one card."""
    return f"{vendor_id}:{product_id}"


def kept_identity(recorded: Any, now: Mapping[str, str]) -> Identity:
    """The fields to record of a card, with the known ones that it does not report without its driver."""
    return dict(now) if difference(recorded, now) else {**trusted_identity(recorded), **now}


def trusted_identity(recorded: Any) -> Identity:
    """The fields of a record that have the form which this collection gives them."""
    if not isinstance(recorded, dict):
        return {}
    fields = (SUBSYSTEM, *UNIQUE, SLOT)
    return {field: recorded[field] for field in fields if isinstance(recorded.get(field), str) and recorded[field]}
