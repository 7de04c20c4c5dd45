# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut the power at random instants of site, reprofile and a boot: ``python -m tests.lab.cuts``.

One run of the three phases is recorded with all its disk writes. For each instant, a machine boots from the disk as
the power cut left it. Each card must then have its previous or its declared state. A guest starts, site applies the
rest, and a second run of site must change nothing. The exit status is 1 if an instant failed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from . import image, power
from .hardware import forgetful_drive
from .kernel import LabFiles
from .machine import Machine, stop

HERE = Path(__file__).parent
# During reprofile, a guest uses the device of this parent, whose declaration does not change.
HELD = "mdpy"
ENABLED = "/etc/systemd/system/multi-user.target.wants/vfio-devices-restore.service"
# Fraction of the instants in each phase.
PARTS = {"site": 0.4, "reprofile": 0.35, "boot": 0.25}
TRIES = 2

State = dict[str, Any]


def profiles(serial: str, ports: int, whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return profiles of devices, of virtual functions, and of a card for guests as a whole or in parts."""
    return [
        {"name": "serial", "select": ["mtty"], "owner": "none", "vgpu": {"type": serial, "count": 3}},
        {"name": "displays", "select": [HELD], "owner": "none", "vgpu": {"type": "mdpy-hd", "count": 1}},
        {
            "name": "ports",
            "select": ["0000:41:00.0"],
            "owner": "none",
            "mode": "vf",
            "num_vfs": ports,
            "vf_driver": "vfio-pci",
        },
        {"name": "whole", "select": ["0000:81:00.0"], "owner": "none", **whole},
    ]


OLD = profiles("mtty-2", 2, {"mode": "pf"})
NEW = profiles("mtty-1", 3, {"mode": "vf", "num_vfs": 2})


class Phase(NamedTuple):
    """A part of the record: entries ``begin`` to ``end`` of the log, and the states at both ends."""

    name: str
    declared: list[dict[str, Any]]
    begin: int
    end: int
    before: State
    after: State


class Record(NamedTuple):
    """The writes of one run to its disk, which is a copy of ``disk``."""

    disk: Path
    log: Path
    entries: list[power.Entry]
    phases: list[Phase]


class Instant(NamedTuple):
    """A power cut after ``entry`` entries of the log; ``seed`` determines which writes the disk loses."""

    phase: Phase
    entry: int
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Record the run, cut the power, check the results, and return the exit status."""
    parser = argparse.ArgumentParser(prog="cuts", description="Power cuts at random instants of site, reprofile, boot.")
    parser.add_argument("--instants", type=int, default=20, metavar="N", help="how many instants (default 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed has other instants (default 1)")
    parser.add_argument("--phase", choices=[*PARTS], help="only instants of this phase")
    options = parser.parse_args(arguments)
    wanted = [(options.phase, options.instants)] if options.phase else list(parts(options.instants))
    begin = time.monotonic()
    machine = Machine(image.get())
    wrong = number = 0
    with tempfile.TemporaryDirectory(dir=image.LAB, prefix="cuts-") as directory:
        try:
            record = take_record(machine, Path(directory), wanted)
            for number, instant in enumerate(choose(record, wanted, Random(options.seed)), 1):
                said, problems = check(machine, record, instant, Path(directory))
                wrong += bool(problems)
                print(f"{number}: {said}: {'wrong' if problems else 'right'}", flush=True)
                for problem in problems:
                    print(f"    {problem}", flush=True)
        except image.LabError as problem:
            print(f"cuts: {problem}", file=sys.stderr)
            return 1
        finally:
            stop()
    print(f"Instants of a power cut, right / all: {number - wrong} / {number}, in {time.monotonic() - begin:.0f} s")
    return int(bool(wrong) or number < options.instants)


def parts(instants: int) -> Iterator[tuple[str, int]]:
    """Yield the phases and their numbers of instants; the last phase gets the remainder."""
    left = instants
    for name, part in PARTS.items():
        number = min(left, round(instants * part + 0.49)) if name != [*PARTS][-1] else left
        left -= number
        if number:
            yield name, number


def choose(record: Record, wanted: list[tuple[str, int]], chance: Random) -> list[Instant]:
    """Return random instants in order of time."""
    chosen = []
    numbers = dict(wanted)
    for phase in record.phases:
        number = numbers.get(phase.name, 0)
        for entry in sorted(chance.sample(range(phase.begin, phase.end + 1), number)):
            chosen.append(Instant(phase, entry, chance.randrange(1 << 32)))
    return chosen


def take_record(machine: Machine, directory: Path, wanted: list[tuple[str, int]]) -> Record:
    """Run the desired phases and those before them on a separate disk, and return the record."""
    log, disk = directory / "log", directory / "recorded"
    power.copy(machine.image.disk, disk)
    machine.start(power.logged_drive(disk, log))
    names = [*PARTS][: 1 + max([*PARTS].index(name) for name, _number in wanted)]
    phases: list[Phase] = []
    before = see(machine)
    for name in names:
        begin = mark(machine, log)
        if name == "site":
            said = play(machine, "site", OLD)
        elif name == "reprofile":
            files = guest(machine, before)
            said = play(machine, "reprofile", NEW)
            files.close()
        else:
            machine.reboot()
            said = Said(1, 0, "")
        if said.failed or not said.changed:
            raise image.LabError(f"{name} did not do its work: {said.text}")
        after = see(machine)
        phases.append(Phase(name, OLD if name == "site" else NEW, begin, mark(machine, log), before, after))
        print(f"{name}: {phases[-1].end - begin} writes and flushes recorded", flush=True)
        before = after
    stop()
    return Record(machine.image.disk, log, power.entries(log), phases)


def mark(machine: Machine, log: Path) -> int:
    """Write all data of the guest to its disk, and return the number of log entries."""
    machine.ssh("sync")
    return len(power.entries(log))


def check(machine: Machine, record: Record, instant: Instant, directory: Path) -> tuple[str, list[str]]:
    """Cut the power at an instant and continue. Return a description of the cut, and the errors."""
    disk = directory / "cut"
    power.copy(record.disk, disk)
    lost, uncertain = power.cut(disk, record.log, record.entries[: instant.entry], Random(instant.seed))
    phase = instant.phase
    of_all = f"{instant.entry - phase.begin} of {phase.end - phase.begin}"
    said = f"{phase.name} after {of_all} writes and flushes, {lost} of {uncertain} unflushed writes lost"
    for _try in range(TRIES):
        begin = time.monotonic()
        problems = list(after_cut(machine, phase, disk))
        said_now = f"{said}, {time.monotonic() - begin:.0f} s"
        if not problems or not machine.fault():
            break
    return said_now, problems


def after_cut(machine: Machine, phase: Phase, disk: Path) -> Iterator[str]:
    """Boot from a disk, start a guest, run site twice, and yield the errors."""
    try:
        machine.start(forgetful_drive(disk))
    except image.LabError as problem:
        yield str(problem)
        return
    booted = see(machine)
    yield from wrong_after_boot(phase, booted)
    files = guest(machine, booted) if booted["cards"][HELD] else None
    held = identity(machine) if files else ""
    try:
        first, second = play(machine, "site", phase.declared), play(machine, "site", phase.declared)
        if first.failed:
            yield f"the next site failed: {first.text[-3000:]}"
        if second.failed or second.changed:
            yield f"the third site changed something: {second.text[-3000:]}"
        yield from differences("after site", see(machine), phase.after)
        if files and identity(machine) != held:
            yield f"the guest's device was {held}, and is {identity(machine)}"
    finally:
        if files:
            files.close()


def wrong_after_boot(phase: Phase, booted: State) -> Iterator[str]:
    """Yield the cards that have neither their previous nor their declared state after a boot."""
    before, after = phase.before["cards"], phase.after["cards"]
    for name, card in booted["cards"].items():
        is_part = ENABLED not in booted["files"] and is_part_of(card, after[name])
        if card not in (before[name], after[name]) and not is_part:
            yield f"after the boot {name} is {card}; before the cut {before[name]}, declared {after[name]}"
    if phase.name != "site":
        of_guest = [
            {path: text for path, text in one["files"].items() if HELD in path} for one in (phase.before, booted)
        ]
        if of_guest[0] != of_guest[1]:
            yield f"the files of the guest's device were {of_guest[0]}, and are {of_guest[1]}"


def is_part_of(card: Any, declared: Any) -> bool:
    """Return whether a card is partly restored: without the boot service, only mdevctl and udev restore."""
    if isinstance(card, dict):
        return bool(card.items() <= declared.items())
    return [*card[:3], len(card[3])] == [*declared[:3], len(declared[3])]


def differences(when: str, found: State, wanted: State) -> Iterator[str]:
    for kind in ("cards", "files"):
        for name in sorted({**found[kind], **wanted[kind]}):
            one, other = found[kind].get(name), wanted[kind].get(name)
            if one != other:
                yield f"{when} {name} is {one}, and should be {other}"


def see(machine: Machine) -> State:
    """Return the cards, devices and files of the machine."""
    state: State = json.loads(machine.ssh("python3 -", data=(HERE / "seen.py").read_text(encoding="utf-8")).stdout)
    return state


def guest(machine: Machine, state: State) -> LabFiles:
    """Open the device as a guest does."""
    files = LabFiles(machine)
    (device,) = state["cards"][HELD]
    files.hold(device)
    return files


def identity(machine: Machine) -> str:
    """Return name, type and inode number of the open device; a new device would have another inode number."""
    found = f"/sys/class/mdev_bus/{HELD}/*-*-*"
    return machine.ssh(f"stat --format='%n %i' {found} && readlink {found}/mdev_type").stdout


class Said(NamedTuple):
    """The result of a playbook run."""

    changed: int
    failed: int
    text: str


def command(machine: Machine, playbook: str, declared: list[dict[str, Any]]) -> list[str]:
    """Return the command that runs a playbook of the collection."""
    variables = json.dumps({"vfio_profiles": declared})
    return ["ansible-playbook", "-i", str(machine.inventory), "-e", variables, f"vfio.devices.{playbook}"]


def play(machine: Machine, playbook: str, declared: list[dict[str, Any]]) -> Said:
    """Run a playbook of the collection and return its result."""
    words = command(machine, playbook, declared)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    recap = re.search(r"changed=(\d+) +unreachable=(\d+) +failed=(\d+)", done.stdout)
    if not recap:
        return Said(0, 1, done.stdout + done.stderr)
    return Said(int(recap[1]), int(recap[2]) + int(recap[3]), done.stdout)


if __name__ == "__main__":
    sys.exit(main())
