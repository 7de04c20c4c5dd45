# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the guest: kill runs with SIGKILL before one of their system calls, and run them with a full disk.

After each instant, a second run must apply everything, and a third run must change nothing. Meanwhile, a process uses
a mediated device and a virtual function. Every run would change their cards, but both must stay unchanged, as must
their records.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._boot import job as boot_job
from ansible_collections.vfio.devices.plugins.module_utils._boot import restore as boot_restore
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances_job
from ansible_collections.vfio.devices.plugins.module_utils._instances import wanted as instances_wanted
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes_job
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted as modes_wanted

from . import holder, runs, seen

PORTS, WHOLE, DRIVE = "0000:41:00.0", "0000:81:00.0", "0000:c1:00.0"
FUNCTIONS, MDEVS = Path("/sys/bus/pci/devices"), Path("/sys/bus/mdev/devices")
# A run may be killed before each of these calls, also in its child processes.
CALLS = ("write", "fsync", "rename", "unlink", "mkdir", "symlink", "fchmod")
COUNTER = struct.Struct("q")
BLOCK = 4096
# Free blocks by directory: too few from the start, or too few in the middle of the run.
FULL = {"/": (0, 2, 8, 20, 70), "/run": (0, 1)}
# Blocks of the root file system that ext4 reserves for itself (Documentation/ABI/testing/sysfs-fs-ext4).
RESERVED = Path("/sys/fs/ext4/vda/reserved_clusters")
FILLER = "filler"
TRIES = 3
UNITS = ("vfio-devices-restore.service", "vfio-devices-restore@lab.service")

Result = dict[str, Any]
Run = Callable[[], Result]


class Kind(NamedTuple):
    """A kind of run that alternates between two states; ``prepare`` is called before each change."""

    name: str
    part: float
    states: tuple[Run, Run]
    prepare: Callable[[], None] = lambda: None


def devices(type_id: str, held: str) -> Run:
    """Return a run for three devices of a type, and another type for the device in use."""
    entries = [
        {"parent": "mtty", "type": [type_id], "count": "3"},
        {"parent": "mdpy", "type": [held], "count": "1"},
    ]

    def run() -> Result:
        options = {**runs.INSTANCES, "exact": True, "on_busy": "skip"}
        wanted = instances_wanted.parse_instances([{**runs.INSTANCE, **one} for one in entries], "present", True)
        return instances_job.converge(HostRoot(), options, wanted, False)

    return run


def modes(ports: str, whole: dict[str, str], drive: str) -> Run:
    """Return a run that sets modes: of a free card, of a card as a whole or in parts, of a card in use."""
    entries = [
        {"pf": PORTS, "mode": "vf", "num_vfs": ports, "vf_driver": "vfio-pci"},
        {"pf": WHOLE, **whole},
        {"pf": DRIVE, "mode": "vf", "num_vfs": drive, "vf_driver": "vfio-pci"},
    ]

    def run() -> Result:
        wanted = modes_wanted.parse_functions([{**runs.FUNCTION, **one} for one in entries])
        return modes_job.converge(HostRoot(timeout=60), {**runs.FUNCTIONS, "on_busy": "skip"}, wanted, [], False)

    return run


def service(timeout: float) -> Run:
    """Return a run that writes the files of the boot service."""
    return lambda: boot_job.converge(HostRoot(), True, None, timeout, False)


def restore() -> Result:
    """Restore all cards as the boot service does."""
    results = boot_restore.restore(HostRoot(timeout=60), timeout=60)
    return {
        "changed": any(one.outcome == boot_restore.RESTORED for one in results),
        "failures": [problem for one in results for problem in one.problems],
    }


def lose_all() -> None:
    """Reset the free cards to their state at the start of a boot."""
    for uuid, _type in seen.devices()["mtty"].items():
        (MDEVS / uuid / "remove").write_text("1")
    for card in (PORTS, WHOLE):
        if (FUNCTIONS / card / "driver").resolve().name == "igb":
            (FUNCTIONS / card / "sriov_numvfs").write_text("0")
        else:
            (FUNCTIONS / card / "driver/unbind").write_text(card)
            (FUNCTIONS / card / "driver_override").write_text("\n")
            Path("/sys/bus/pci/drivers_probe").write_text(card)


KINDS = (
    Kind("devices", 0.35, (devices("mtty-1", "mdpy-hd"), devices("mtty-2", "mdpy-vga"))),
    Kind("modes", 0.25, (modes("2", {"mode": "vf", "num_vfs": "2"}, "2"), modes("3", {"mode": "pf"}, "4"))),
    Kind("restore", 0.25, (restore, restore), lose_all),
    Kind("service", 0.15, (service(60.0), service(90.0))),
)


class Ended(NamedTuple):
    """The end of a run: its result or its error. Both are empty if the run was killed."""

    result: Result
    problem: str
    calls: int


class Cutter:
    """Use devices during the runs, and count the successful instants."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.right = self.all = 0
        self.held: list[tuple[subprocess.Popen[bytes], Path, int]] = []

    def hold(self, device: Path) -> None:
        """Open a device in a separate process, as a guest does."""
        group = (device / "iommu_group").resolve().name
        process = subprocess.Popen(
            [sys.executable, holder.__file__, group, device.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        said = process.stdout.readline().decode().strip()
        if said != "held":
            raise SystemExit(f"{device.name} cannot be held: {said}")
        self.held.append((process, device, device.stat().st_ino))

    def lost(self) -> Iterator[str]:
        """Yield a sentence for each device that its user has lost."""
        for process, device, number in self.held:
            if process.poll() is not None:
                yield f"the holder of {device.name} has ended"
            if not device.exists() or device.stat().st_ino != number:
                yield f"{device.name} is not the device that is held any more"

    def release(self) -> None:
        """End the processes that use devices."""
        for process, _device, _number in self.held:
            process.communicate()

    def count(self, what: str, problems: list[str], seconds: float) -> None:
        """Report one instant."""
        self.all += 1
        self.right += not problems
        print(f"{what}, {seconds:.0f} s: {'wrong' if problems else 'right'}", flush=True)
        for problem in problems:
            print(f"    {problem}", flush=True)


def run(action: Run, before: int = 0, alone: bool = False) -> Ended:
    """Run in a separate process, as Ansible does. Kill it before a call by number, without its child if ``alone``."""
    counter = mmap.mmap(-1, COUNTER.size)
    reader, writer = os.pipe()
    main = os.fork()
    if not main:
        os.close(reader)
        _count(counter, before, alone)
        try:
            said = json.dumps([action(), ""])
        except (Refused, HostError) as problem:
            said = json.dumps([{}, str(problem)])
        except BaseException:
            said = json.dumps([{}, traceback.format_exc()])
        with open(writer, "w", encoding="utf-8", closefd=False) as stream:
            stream.write(said)
        os._exit(0)
    os.close(writer)
    status = os.waitpid(main, 0)[1]
    calls = COUNTER.unpack(counter)[0]
    os.set_blocking(reader, False)
    with open(reader, "rb") as stream:
        said = (stream.read() or b"").decode()
    if not before and os.WIFSIGNALED(status):
        return Ended({}, f"ended by signal {os.WTERMSIG(status)}", calls)
    result, reason = json.loads(said) if said else ({}, "")
    return Ended(result, reason, calls)


def _count(counter: mmap.mmap, before: int, alone: bool) -> None:
    main = os.getpid()

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any, **options: Any) -> Any:
            number = COUNTER.unpack(counter)[0] + 1
            COUNTER.pack_into(counter, 0, number)
            if number == before:
                os.kill(main, signal.SIGKILL)
                if not alone:
                    os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return count

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def see() -> dict[str, Any]:
    """Return the state of cards, devices and files."""
    return {**{name: seen.card(name) for name in (PORTS, WHOLE, DRIVE)}, **seen.devices(), **seen.files()}


def wrong(ended: Ended, changes: bool | None = None) -> Iterator[str]:
    """Yield the errors of a run that was not killed."""
    if ended.problem or ended.result.get("failures"):
        said = [*ended.result.get("failures", []), *ended.result.get("warnings", [])]
        yield f"it failed: {ended.problem or '; '.join(said)}"
    elif changes is not None and ended.result["changed"] != changes:
        yield f"changed is {ended.result['changed']}"


def stale() -> Iterator[str]:
    """Yield an error if systemd has not reloaded changed units."""
    command = ["systemctl", "show", "--property=NeedDaemonReload", "--value", *UNITS]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if "yes" in said:
        yield "systemd does not know the files of the boot service"


def finish(action: Run, expected: dict[str, Any]) -> Iterator[str]:
    """Run twice more and yield the errors."""
    yield from (f"the next run: {problem}" for problem in wrong(run(action)))
    yield from (f"the third run: {problem}" for problem in wrong(run(action), False))
    now = see()
    for name in sorted({**now, **expected}):
        if now.get(name) != expected.get(name):
            yield f"{name} is {now.get(name)}, and should be {expected.get(name)}"
    yield from stale()


def kill(cutter: Cutter, kind: Kind, number: int) -> None:
    """Kill ``number`` runs of a kind."""
    calls, expected = learn(kind)
    for each in range(number):
        state = 1 - each % 2
        before, alone = cutter.chance.randint(1, calls[state]), cutter.chance.random() < 0.5
        begin = time.monotonic()
        for _try in range(TRIES):
            kind.prepare()
            ended = run(kind.states[state], before, alone)
            if not ended.result and not ended.problem:
                break
            # This run needed fewer calls.
            before = cutter.chance.randint(1, ended.calls)
            run(kind.states[1 - state])
        problems = ["it was not killed"] if ended.result or ended.problem else []
        problems += [*finish(kind.states[state], expected[state]), *cutter.lost()]
        which = "alone" if alone else "with its child"
        text = f"{kind.name}: SIGKILL before call {before} of {calls[state]}, {which}"
        cutter.count(text, problems, time.monotonic() - begin)


def learn(kind: Kind) -> tuple[list[int], list[dict[str, Any]]]:
    """Return the calls to reach each state from the other, and the results. The host ends in the first state."""
    calls = [0, 0]
    expected: list[dict[str, Any]] = [{}, {}]
    for state in (0, 1, 0):
        kind.prepare()
        ended = run(kind.states[state])
        problems = [*wrong(ended)]
        if problems:
            raise SystemExit(f"{kind.name}: {problems[0]}")
        calls[state], expected[state] = ended.calls, see()
    return calls, expected


def fill(cutter: Cutter, kind: Kind) -> None:
    """Run a kind with full file systems, then continue with free space."""
    _calls, expected = learn(kind)
    state = 1
    for directory, rooms in FULL.items():
        for room in rooms:
            begin = time.monotonic()
            before = see()
            with filled(directory, room * BLOCK):
                ended = run(kind.states[state])
            problems = [*wrong(ended)]
            said = "done"
            if problems:
                said = "refused"
                if "not enough space available on /run" in ended.problem:
                    # systemd requires 16 MiB for a reload, and reports this only at the reload.
                    problems = []
                elif "full" not in ended.problem:
                    problems = [f"it does not say what to do: {problems[0]}"]
                elif see() == before:
                    problems = []
            problems += [*finish(kind.states[state], expected[state]), *cutter.lost()]
            text = f"{kind.name}: {room} blocks free in {directory}, {said}"
            cutter.count(text, problems, time.monotonic() - begin)
            state = 1 - state


@contextlib.contextmanager
def filled(directory: str, room: int) -> Iterator[None]:
    """Fill a file system except for ``room`` bytes."""
    path = os.path.join(directory, FILLER)
    if directory == "/":
        room += int(RESERVED.read_text()) * BLOCK
    with open(path, "wb", buffering=0) as file:
        try:
            # The file system first reserves more than it finally uses.
            for _try in range(20):
                os.sync()
                found = os.statvfs(directory)
                missing = found.f_bfree * found.f_frsize - room
                if missing <= 0:
                    break
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, missing)
            os.sync()
            yield
        finally:
            os.unlink(path)
    os.sync()


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill runs, fill file systems, and return the exit status."""
    parser = argparse.ArgumentParser(prog="kills")
    parser.add_argument("--kills", type=int, default=45, metavar="N")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS])
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args(arguments)
    cutter = Cutter(Random(options.seed))
    for action in (KINDS[0].states[0], KINDS[1].states[0]):
        for problem in wrong(run(action)):
            raise SystemExit(problem)
    device = next(iter(seen.devices()["mdpy"]))
    cutter.hold(MDEVS / device)
    cutter.hold((FUNCTIONS / DRIVE / "virtfn0").resolve())
    try:
        kinds = [kind for kind in KINDS if options.kind in (None, kind.name)]
        left = options.kills
        for kind in kinds:
            number = left if kind is kinds[-1] else min(left, round(options.kills * kind.part))
            left -= number
            if number:
                kill(cutter, kind, number)
        print(f"Instants of SIGKILL, right / all: {cutter.right} / {cutter.all}", flush=True)
        result = cutter.right == cutter.all
        if options.full:
            cutter.right = cutter.all = 0
            for kind in kinds:
                if kind.name != "restore":
                    fill(cutter, kind)
            print(f"Full disks, right / all: {cutter.right} / {cutter.all}", flush=True)
            result = result and cutter.right == cutter.all
    finally:
        cutter.release()
    return int(not result)


if __name__ == "__main__":
    sys.exit(main())
