# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Detect whether a card is the recorded one: addresses move when other cards are added or removed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .pci import PciFunction

# Maps each field to its name in messages. A field is missing if the host does not report it now.
UNIQUE = {"serial_number": "serial number", "nvme": "NVMe serial number", "gpu": "GPU UUID", "mac": "MAC address"}
# Maps fields that drivers report after a delay to these drivers; None means any driver. A drive gets its driver early
# in each boot.
REPORTED_BY: dict[str, Optional[tuple[Optional[str], ...]]] = {"mac": None, "nvme": (None, "nvme"), "gpu": ("nvidia",)}
SUBSYSTEM, MAC, SLOT = "subsystem", "mac", "slot"
SLOTS = "sys/bus/pci/slots"
NVIDIA = "proc/driver/nvidia/gpus"
GPU_UUID = lazy_pattern(r"^GPU UUID:\s*(GPU-[0-9a-fA-F-]+)\s*$", re.MULTILINE)
NO_SERIAL_NUMBER = lazy_pattern(r"(?:00-){7}00\Z|(?:ff-){7}ff\Z")
# NET_ADDR_PERM (include/uapi/linux/netdevice.h): the address was not set by a bond, a program or at random.
PERMANENT = "0"
# In characters: the constant end of an InfiniBand address, which is the port GUID.
GUID = 23

Identity = dict[str, str]


class Identities:
    """Reads what identifies each card among cards of the same model; the slots are read once."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self._slots: Optional[dict[str, str]] = None

    def of(self, function: PciFunction) -> Identity:
        """Return the fields that the host reports for a card now."""
        path, found = function.path, {}
        if function.identity:
            found[SUBSYSTEM] = f"{function.identity.subsystem_vendor_id}:{function.identity.subsystem_product_id}"
        if "serial_number" in function.entries:
            # This is the device serial number of PCI Express, readable for root only.
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
            # The address of a slot has no function, for example 0000:41:00.
            named = [
                (name, self._host.read(f"{SLOTS}/{name}/address", optional=True)) for name in self._host.names(SLOTS)
            ]
            self._slots = {place: name for name, place in named if place}
        return self._slots.get(address.rpartition(".")[0], "")


def difference(recorded: Any, now: Mapping[str, str]) -> Optional[str]:
    """Return the difference that proves another card, or None if there is none or the fields are not comparable."""
    recorded = trusted_identity(recorded)
    for field, name in {SUBSYSTEM: "subsystem", **UNIQUE}.items():
        old, new = recorded.get(field), now.get(field)
        if old and new and not set(old.split()) & set(new.split()):
            return f"{name} {new} instead of {old}"
    if is_same(recorded, now) or not recorded.get(SLOT) or not now.get(SLOT) or recorded[SLOT] == now[SLOT]:
        return None
    return f"slot {now[SLOT]} instead of {recorded[SLOT]}"


def is_same(recorded: Any, now: Mapping[str, str]) -> bool:
    """Return whether a unique field proves that this is the recorded card, at any address."""
    recorded = trusted_identity(recorded)
    return any(set(recorded.get(field, "").split()) & set(now.get(field, "").split()) for field in UNIQUE)


def is_recorded_card(recorded: Any, now: Mapping[str, str]) -> bool:
    """Return whether fields prove that this is the recorded card, at any address, and none proves another card."""
    return is_same(recorded, now) and not difference(recorded, now)


def awaited(recorded: Any, now: Mapping[str, str], driver: str | None) -> Optional[str]:
    """Return the name of an identifying field that the driver will report soon; None if no field is pending."""
    recorded = trusted_identity(recorded)
    if is_same(recorded, now):
        return None
    for field, drivers in REPORTED_BY.items():
        if field in recorded and field not in now and (drivers is None or driver in drivers):
            return UNIQUE[field]
    return None


def model_of(vendor_id: str | None, product_id: str | None) -> str:
    """Return the model as in ``8086:159b``. Records contain it, because another card may get the same address."""
    return f"{vendor_id}:{product_id}"


def kept_identity(recorded: Any, now: Mapping[str, str]) -> Identity:
    """Return the fields to record for a card; recorded fields that it reports only with its driver are kept."""
    return dict(now) if difference(recorded, now) else {**trusted_identity(recorded), **now}


def trusted_identity(recorded: Any) -> Identity:
    """Return the valid fields of a record; a record may have been edited."""
    if not isinstance(recorded, dict):
        return {}
    fields = (SUBSYSTEM, *UNIQUE, SLOT)
    return {field: recorded[field] for field in fields if isinstance(recorded.get(field), str) and recorded[field]}
