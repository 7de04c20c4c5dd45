# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill ansible-playbook with SIGKILL at random tasks, in the running machine: ``python -m tests.lab.killed_plays``.

Processes that Ansible has started on the host continue. After each instant, site must apply all profiles, a third run
must change nothing, and a guest must keep its device.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from .cuts import NEW, OLD, State, command, differences, guest, identity, play, see
from .image import LabError
from .machine import Machine, running_machine

DECLARED = (OLD, NEW)
TASK = b"TASK ["
# Maximum seconds between the start of a task and SIGKILL.
MOST_SECONDS = 4.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill plays, check the results, and return the exit status."""
    parser = argparse.ArgumentParser(prog="killed_plays", description="SIGKILL of ansible-playbook at random tasks.")
    parser.add_argument("--kills", type=int, default=5, metavar="N", help="how many instants (default 5)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed has other instants (default 1)")
    options = parser.parse_args(arguments)
    chance = Random(options.seed)
    right = 0
    try:
        machine = running_machine()
        tasks, states = learn(machine)
        for number in range(options.kills):
            turn = number % 2
            task, seconds = chance.randint(1, tasks[turn]), chance.uniform(0, MOST_SECONDS)
            begin = time.monotonic()
            problems = list(check(machine, DECLARED[turn], states[turn], task, seconds))
            right += not problems
            text = f"site: SIGKILL {seconds:.1f} s after task {task} of {tasks[turn]} began"
            print(f"{text}, {time.monotonic() - begin:.0f} s: {'wrong' if problems else 'right'}", flush=True)
            for problem in problems:
                print(f"    {problem}", flush=True)
    except LabError as problem:
        print(f"killed_plays: {problem}", file=sys.stderr)
        return 1
    print(f"Instants of SIGKILL of a play, right / all: {right} / {options.kills}")
    return int(right < options.kills)


def learn(machine: Machine) -> tuple[list[int], list[State]]:
    """Return, for both declarations, the number of tasks from the other one, and the final state."""
    tasks, states = [], []
    for declared in (NEW, OLD, NEW):
        said = play(machine, "site", declared)
        if said.failed:
            raise LabError(f"site failed: {said.text[-3000:]}")
        tasks.append(said.text.count(TASK.decode()))
        states.append(see(machine))
    return tasks[1:], states[1:]


def check(
    machine: Machine, declared: list[dict[str, Any]], expected: State, task: int, seconds: float
) -> Iterator[str]:
    """Kill a run of site some seconds after the start of a task, run site twice more, and yield the errors."""
    files = guest(machine, see(machine))
    held = identity(machine)
    try:
        if not kill(command(machine, "site", declared), task, seconds):
            yield "the play ended before"
        first, second = play(machine, "site", declared), play(machine, "site", declared)
        if first.failed:
            yield f"the next site failed: {first.text[-3000:]}"
        if second.failed or second.changed:
            yield f"the third site changed something: {second.text[-3000:]}"
        yield from differences("after site", see(machine), expected)
        if identity(machine) != held:
            yield f"the guest's device was {held}, and is {identity(machine)}"
    finally:
        files.close()


def kill(words: Sequence[str], task: int, seconds: float) -> bool:
    """Run a playbook and kill its process group. Return whether it reached the task."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        task -= line.startswith(TASK)
        if not task:
            break
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()
    return not task


if __name__ == "__main__":
    sys.exit(main())
