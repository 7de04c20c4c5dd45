# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the parser; ``tests/integration/libvirt/test_vpd.py`` compares it with the real libvirt."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.vpd import has_serial_number
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot

CARD = "0000:03:00.0"
END = b"\x78"


def large(tag, body):
    return bytes([0x80 | tag, len(body) & 255, len(body) >> 8]) + body


def field(keyword, value):
    return keyword + bytes([len(value)]) + value


def vpd(*fields, checksum=0, name=b"BlueField"):
    """Return the data of a card with a checksum that is wrong by a number."""
    body = b"".join(field(*one) for one in fields)
    # The checksum covers everything up to itself, so the length is needed first.
    start = large(0x02, name) + large(0x10, body + b"RV\x01?")[:-1]
    return start + bytes([(-sum(start) + checksum) & 255]) + END


SERIAL = (b"SN", b"MT2126X00987")
# The data of a card, and whether libvirt reads a serial number.
CASES = {
    "complete": (vpd((b"PN", b"MBF2H332A"), SERIAL, (b"V0", b"x")), True),
    "no number": (vpd((b"PN", b"MBF2H332A")), False),
    "wrong checksum": (vpd(SERIAL, checksum=1), False),
    "empty number": (vpd((b"SN", b"")), False),
    "blank number": (vpd((b"SN", b"  \0")), False),
    "other characters": (vpd((b"SN", b"MT\xff!")), False),
    "cut": (vpd(SERIAL)[:20], False),
    "wrong length": (large(0x02, b"x") + large(0x10, b"SN\x40MT21") + END, False),
    "no data": (b"", False),
    "zeros": (b"\0" * 64, False),
    "no end": (b"\xff" * 64, False),
}


@pytest.fixture
def host(tmp_path):
    (tmp_path / f"sys/bus/pci/devices/{CARD}").mkdir(parents=True)
    return HostRoot(str(tmp_path))


@pytest.mark.parametrize("case", CASES)
def test_serial_numbers(host, tmp_path, case):
    content, found = CASES[case]
    (tmp_path / f"sys/bus/pci/devices/{CARD}/vpd").write_bytes(content)
    assert has_serial_number(host, CARD) is found
    assert host.warnings == []


def test_a_card_without_such_data(host):
    assert has_serial_number(host, CARD) is False


def test_data_that_cannot_be_read(host, tmp_path):
    # The kernel refuses to open a socket.
    os.mknod(tmp_path / f"sys/bus/pci/devices/{CARD}/vpd", stat.S_IFSOCK)
    assert has_serial_number(host, CARD) is None
    assert len(host.warnings) == 1
