# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of a PCI configuration space that programs read: ids, class and PCI Express capability."""

from __future__ import annotations

import struct

from .profile import FunctionSpec

SIZE = 256
BRIDGE = "0604"
# Bits and offsets of the header (PCI Local Bus Specification 3.0, chapter 6) and of the PCI Express capability.
MEMORY_AND_MASTER, HAS_CAPABILITIES = 0x06, 0x10
SUBSYSTEM, CAPABILITIES, FIRST = 0x2C, 0x34, 0x40
EXPRESS, ENDPOINT, ROOT_PORT = 0x10, 0x02, 0x42


def content(spec: FunctionSpec) -> bytes:
    """Return the configuration space of a function."""
    data = bytearray(SIZE)
    bridge = spec.class_code.startswith(BRIDGE)
    ids = int(spec.vendor, 16), int(spec.device, 16)
    struct.pack_into("<HHHHB", data, 0, *ids, MEMORY_AND_MASTER, HAS_CAPABILITIES, int(spec.revision, 16))
    data[9:12] = int(spec.class_code, 16).to_bytes(3, "little")
    data[14] = int(bridge)
    if not bridge:
        struct.pack_into("<HH", data, SUBSYSTEM, *(int(part, 16) for part in spec.subsystem.split(":")))
    data[CAPABILITIES] = FIRST
    data[FIRST], data[FIRST + 2] = EXPRESS, ROOT_PORT if bridge else ENDPOINT
    return bytes(data)
