# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices without users that cannot be changed because of another device of their card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# An entry of the list busy in a result of mdev_instance.
Busy = Mapping[str, Any]
IN_USE, UNKNOWN = "its card is in use", "the state of its card is unknown"


def reasons(busy: Sequence[Busy]) -> list[tuple[str, str]]:
    """Return the parent of each device without users, and the reason why this device cannot be changed."""
    used = {_bus(device["parent"]) for device in busy if device["users"]}
    return [
        (device["parent"], IN_USE if _bus(device["parent"]) in used else UNKNOWN)
        for device in busy
        if not device["users"]
    ]


def _bus(parent: str) -> str:
    """Return the bus, which a card shares with its virtual functions; the name of a parent that is not on PCI."""
    return parent.rpartition(":")[0] or parent
