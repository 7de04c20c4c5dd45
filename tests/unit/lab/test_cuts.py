# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the choice of instants, and the detection of errors after a power cut."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from ansible_collections.vfio.devices.tests.lab import cuts

NONE: dict[str, str] = {}
OLD, NEW = {"a": "mtty-2", "b": "mtty-2"}, {"c": "mtty-1"}
FILES = {"/etc/mdevctl.d/mdpy/x": "text"}


@pytest.mark.parametrize("number", range(1, 30))
def test_all_instants_are_in_a_phase(number: int) -> None:
    parts = list(cuts.parts(number))
    assert sum(part for _name, part in parts) == number
    assert [name for name, _part in parts] == [*cuts.PARTS][: len(parts)]
    assert number < 20 or len(parts) == 3


def phase(name: str, before: dict[str, Any], after: dict[str, Any], begin: int = 0, end: int = 100) -> cuts.Phase:
    return cuts.Phase(name, [], begin, end, {"cards": before, "files": FILES}, {"cards": after, "files": FILES})


def test_the_same_seed_gives_the_same_instants() -> None:
    phases = [phase(name, NONE, NONE, place, place + 50) for place, name in zip((0, 50, 100), cuts.PARTS)]
    record = cuts.Record(Path(), Path(), [], phases)
    one, again, other = (cuts.choose(record, list(cuts.parts(20)), Random(seed)) for seed in (1, 1, 2))
    assert one == again != other
    assert [instant.entry for instant in one] == sorted({instant.entry for instant in one})
    assert all(instant.phase.begin <= instant.entry <= instant.phase.end for instant in one)


@pytest.mark.parametrize(
    ("name", "installed", "found", "is_right"),
    [
        ("reprofile", True, OLD, True),
        ("reprofile", True, NEW, True),
        ("reprofile", True, {"a": "mtty-2"}, False),
        ("reprofile", True, NONE, False),
        ("reprofile", True, {**OLD, **NEW}, False),
        ("site", True, NONE, False),
        ("site", False, NONE, True),
        ("site", False, {"c": "mtty-2"}, False),
    ],
)
def test_cards_after_a_boot(name: str, installed: bool, found: dict[str, str], is_right: bool) -> None:
    files = {**FILES, **({cuts.ENABLED: ""} if installed else {})}
    wrong = list(
        cuts.wrong_after_boot(phase(name, {"mtty": OLD}, {"mtty": NEW}), {"cards": {"mtty": found}, "files": files})
    )
    assert (not wrong) == is_right


def test_files_of_the_guest_must_stay() -> None:
    booted = {"cards": {}, "files": {"/etc/mdevctl.d/mdpy/x": "another"}}
    assert list(cuts.wrong_after_boot(phase("reprofile", NONE, NONE), booted))


def test_virtual_functions_without_the_boot_service() -> None:
    declared = ["igb", "(null)", "1", ["vfio-pci", "vfio-pci"]]
    assert cuts.is_part_of(["igb", "(null)", "1", ["igbvf", "igbvf"]], declared)
    assert not cuts.is_part_of(["igb", "(null)", "1", ["igbvf"]], declared)
    assert not cuts.is_part_of(["igb", "(null)", "0", ["igbvf", "igbvf"]], declared)


def test_differences_name_both_sides() -> None:
    one, other = ({"cards": {"mtty": kind}, "files": {}} for kind in ("mtty-1", "mtty-2"))
    assert list(cuts.differences("now", one, one)) == []
    assert list(cuts.differences("now", one, other)) == ["now mtty is mtty-1, and should be mtty-2"]
