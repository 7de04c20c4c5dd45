# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that a disk has all flushed writes after a power cut, and any part of the others."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from ansible_collections.vfio.devices.tests.lab import power

SECTOR = power.SECTOR
FLUSH, WRITE = power.FLUSH, 0
# The sector of each entry, which is written with the number of the entry; None for a flush.
RUN = [1, 2, None, 3, 1, None, 4, 5]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write the log of a run."""
    path = tmp_path / "log"
    with open(path, "wb") as file:
        file.write(bytes(SECTOR))
        for number, sector in enumerate(RUN, 1):
            header = power.HEADER.pack(0, 0, FLUSH, 0) if sector is None else power.HEADER.pack(sector, 1, WRITE, 0)
            file.write(header.ljust(SECTOR, b"\0"))
            if sector is not None:
                file.write(bytes([number]) * SECTOR)
    return path


def test_entries_of_a_log(log: Path) -> None:
    found = power.entries(log)
    assert [entry.offset // SECTOR if entry.is_write else None for entry in found] == RUN
    assert [entry.kind == FLUSH for entry in found] == [sector is None for sector in RUN]


def test_log_that_is_still_written_ends_where_it_is_empty(log: Path) -> None:
    with open(log, "ab") as file:
        file.write(bytes(8 * SECTOR))
    assert len(power.entries(log)) == len(RUN)


@pytest.mark.parametrize("instant", range(len(RUN) + 1))
def test_cut(tmp_path: Path, log: Path, instant: int) -> None:
    logged = power.entries(log)[:instant]
    flushed = max((number for number, sector in enumerate(RUN[:instant], 1) if sector is None), default=0)
    seen = set()
    for seed in range(40):
        disk = tmp_path / f"disk-{seed}"
        disk.write_bytes(bytes(8 * SECTOR))
        lost, uncertain = power.cut(disk, log, logged, Random(seed))
        content = disk.read_bytes()
        numbers = tuple(content[sector * SECTOR] for sector in range(8))
        # A sector never contains parts of two writes.
        assert content == b"".join(bytes([number]) * SECTOR for number in numbers)
        seen.add(numbers)
        assert uncertain == instant - flushed and 0 <= lost <= uncertain
        for number, sector in enumerate(RUN[:flushed], 1):
            if sector is not None:
                assert numbers[sector] >= number
        assert not any(number > instant for number in numbers)
    assert len(seen) == 2 ** (instant - flushed)


def test_the_same_seed_gives_the_same_disk(tmp_path: Path, log: Path) -> None:
    disks = []
    for name in ("one", "other"):
        disk = tmp_path / name
        disk.write_bytes(bytes(8 * SECTOR))
        power.cut(disk, log, power.entries(log), Random(7))
        disks.append(disk.read_bytes())
    assert disks[0] == disks[1]
