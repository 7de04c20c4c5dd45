# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks as a power cut leaves them: QEMU logs what the guest writes, so one run has the disks of all its instants.

A disk may lose what it was given since the last flush, each write or none: that is what flushes and the journal of
ext4 are for. The log has the format of the kernel's dm-log-writes, see drivers/md/dm-log-writes.c.
"""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

SECTOR = 512
# The sector on the disk, the number of sectors, what it is, and the bytes of a mark; the data follow in the next one.
HEADER = struct.Struct("<4Q")
FLUSH, DISCARD = 1, 4


class Entry(NamedTuple):
    """One request of the guest: ``size`` bytes for ``offset`` on the disk, which are at ``place`` in the log."""

    kind: int
    offset: int
    size: int
    place: int

    @property
    def is_write(self) -> bool:
        return self.size > 0 and not self.kind & DISCARD


def logged_drive(disk: Path, log: Path) -> list[str]:
    """The arguments of QEMU for a drive that keeps its changes, and logs them."""
    log.write_bytes(b"")
    # QEMU and this host go on after the cut of the guest's power, so that nothing has to reach the real disk.
    file = {"driver": "file", "filename": str(disk), "cache": {"no-flush": True}}
    filters = {
        "driver": "blklogwrites",
        "node-name": "disk",
        "file": {"driver": "raw", "file": file, "cache": {"no-flush": True}},
        "log": {"driver": "file", "filename": str(log), "cache": {"no-flush": True}},
        "log-sector-size": SECTOR,
    }
    return ["-blockdev", json.dumps(filters)]


def copy(disk: Path, target: Path) -> None:
    """Copy a disk, holes included."""
    subprocess.run(["cp", "--sparse=always", str(disk), str(target)], check=True)


def entries(log: Path) -> list[Entry]:
    """What is logged so far; the number of entries in the log's first sector is not up to date before QEMU ends."""
    return list(_entries(log))


def _entries(log: Path) -> Iterator[Entry]:
    end = log.stat().st_size
    place = SECTOR
    with open(log, "rb") as file:
        while place + SECTOR <= end:
            file.seek(place)
            sector, number, kind, _mark = HEADER.unpack(file.read(HEADER.size))
            if not number and not kind:
                return
            place += SECTOR
            size = number * SECTOR
            yield Entry(kind, sector * SECTOR, size, place)
            place += 0 if kind & DISCARD else size


def cut(disk: Path, log: Path, logged: Sequence[Entry], chance: Random) -> tuple[int, int]:
    """Bring a copy of the disk from before the run to a cut after the entries given.

    ``chance`` decides which writes after the last flush are lost: returns how many, and of how many.
    """
    flushes = [number for number, entry in enumerate(logged) if entry.kind & FLUSH]
    durable = flushes[-1] if flushes else -1
    uncertain = lost = 0
    with open(log, "rb") as source, open(disk, "r+b") as target:
        for number, entry in enumerate(logged):
            if not entry.is_write:
                continue
            if number > durable:
                uncertain += 1
                if chance.random() < 0.5:
                    lost += 1
                    continue
            source.seek(entry.place)
            target.seek(entry.offset)
            target.write(source.read(entry.size))
    return lost, uncertain
