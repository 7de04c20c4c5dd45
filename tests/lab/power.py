# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create disks as a power cut leaves them. One run is enough for all instants, because QEMU logs the guest's writes.

A disk may lose any of the writes since its last flush; flushes and the journal of ext4 must handle this. The log has
the format of the kernel's dm-log-writes, see drivers/md/dm-log-writes.c.
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
# Sector on the disk, number of sectors, flags, and bytes of a mark. The data start at the next sector of the log.
HEADER = struct.Struct("<4Q")
FLUSH, DISCARD = 1, 4


class Entry(NamedTuple):
    """One request of the guest: ``size`` bytes at ``offset`` on the disk, stored at ``place`` in the log."""

    kind: int
    offset: int
    size: int
    place: int

    @property
    def is_write(self) -> bool:
        return self.size > 0 and not self.kind & DISCARD


def logged_drive(disk: Path, log: Path) -> list[str]:
    """Return the QEMU arguments for a drive that keeps and logs its changes."""
    log.write_bytes(b"")
    # QEMU and this host keep running after the simulated power cut, so flushes to the real disk are not needed.
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
    """Copy a disk as a sparse file."""
    subprocess.run(["cp", "--sparse=always", str(disk), str(target)], check=True)


def entries(log: Path) -> list[Entry]:
    """Return the entries so far. The count in the first sector of the log is only correct after QEMU ends."""
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
    """Apply the entries before a power cut to a copy of the disk from before the run.

    ``chance`` determines which writes after the last flush are lost. Return the numbers of lost and unflushed writes.
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
