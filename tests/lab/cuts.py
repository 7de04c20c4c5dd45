# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power fails at random instants of site, of reprofile and of a boot: ``python -m tests.lab.cuts``.

One run of the three is recorded with all that it writes to its disk. For each instant a machine boots from the disk
that a cut leaves behind: each card is then as before or as declared. A guest starts, site brings the rest, and changes
nothing when it runs again. Exits with 1 if an instant went wrong.
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
# In reprofile a guest has the device of this parent, whose declaration stays the same.
HELD = "mdpy"
ENABLED = "/etc/systemd/system/multi-user.target.wants/vfio-devices-restore.service"
# How many of the instants are in each phase.
PARTS = {"site": 0.4, "reprofile": 0.35, "boot": 0.25}
TRIES = 2

State = dict[str, Any]


def profiles(serial: str, ports: int, whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A declaration of devices, of virtual functions and of a card that a guest gets whole, or not."""
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
    """What one run wrote to its disk, a copy of ``disk``."""

    disk: Path
    log: Path
    entries: list[power.Entry]
    phases: list[Phase]


class Instant(NamedTuple):
    """A cut after so many entries of the log; ``seed`` decides what the disk loses."""

    phase: Phase
    entry: int
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, cut and check; the exit status."""
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
    """The phases that have instants, each with their number; the last one gets what rounding leaves."""
    left = instants
    for name, part in PARTS.items():
        number = min(left, round(instants * part + 0.49)) if name != [*PARTS][-1] else left
        left -= number
        if number:
            yield name, number


def choose(record: Record, wanted: list[tuple[str, int]], chance: Random) -> list[Instant]:
    """Random instants, in the order of time."""
    chosen = []
    numbers = dict(wanted)
    for phase in record.phases:
        number = numbers.get(phase.name, 0)
        for entry in sorted(chance.sample(range(phase.begin, phase.end + 1), number)):
            chosen.append(Instant(phase, entry, chance.randrange(1 << 32)))
    return chosen


def take_record(machine: Machine, directory: Path, wanted: list[tuple[str, int]]) -> Record:
    """Run the phases that are wanted, and those before them, on a disk of their own."""
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
    """How many entries the log has, when all that was done before is on the disk."""
    machine.ssh("sync")
    return len(power.entries(log))


def check(machine: Machine, record: Record, instant: Instant, directory: Path) -> tuple[str, list[str]]:
    """Cut the power at an instant and go on; what was cut, and what is wrong."""
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
    """Boot from a disk, let a guest start, and run site twice; what is wrong."""
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
    """A boot brings each card to what it was before or to what is declared, and never to something between."""
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
    """Before site has installed the boot service, mdevctl makes what is defined so far, and udev the VFs alone."""
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
    """Cards, devices and files of the guest."""
    state: State = json.loads(machine.ssh("python3 -", data=(HERE / "seen.py").read_text(encoding="utf-8")).stdout)
    return state


def guest(machine: Machine, state: State) -> LabFiles:
    """Hold the device as a guest does."""
    files = LabFiles(machine)
    (device,) = state["cards"][HELD]
    files.hold(device)
    return files


def identity(machine: Machine) -> str:
    """Of the held device the name, the type and the number of its directory, which another one would not have."""
    found = f"/sys/class/mdev_bus/{HELD}/*-*-*"
    return machine.ssh(f"stat --format='%n %i' {found} && readlink {found}/mdev_type").stdout


class Said(NamedTuple):
    """How a playbook ended."""

    changed: int
    failed: int
    text: str


def command(machine: Machine, playbook: str, declared: list[dict[str, Any]]) -> list[str]:
    """The command that runs a playbook of the collection."""
    variables = json.dumps({"vfio_profiles": declared})
    return ["ansible-playbook", "-i", str(machine.inventory), "-e", variables, f"vfio.devices.{playbook}"]


def play(machine: Machine, playbook: str, declared: list[dict[str, Any]]) -> Said:
    """Run a playbook of the collection."""
    words = command(machine, playbook, declared)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    recap = re.search(r"changed=(\d+) +unreachable=(\d+) +failed=(\d+)", done.stdout)
    if not recap:
        return Said(0, 1, done.stdout + done.stderr)
    return Said(int(recap[1]), int(recap[2]) + int(recap[3]), done.stdout)


if __name__ == "__main__":
    sys.exit(main())
