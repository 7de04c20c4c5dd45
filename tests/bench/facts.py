# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare mdev_facts with a ping, and with mdevctl on the same tree."""

from __future__ import annotations

import dataclasses
import statistics
import sys
from pathlib import Path

from tests.integration.mdevctl import real
from tests.simhost import SimHost
from tests.simhost.profile import load

from . import findings, processes, tasks, times, tree
from .findings import Curve, Effort, Figure, Findings

ROUNDS = 15
VFS = 32  # per GPU
FACTS, PING, ENGINE = "task mdev_facts", "task ping", "the engine alone"
LISTINGS = (["mdevctl", "types", "--dumpjson"], ["mdevctl", "list", "--dumpjson"])

ENGINE_CODE = """\
import sys
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
run_facts.observe(HostRoot(sys.argv[1]))
"""


def measure(effort: Effort) -> Findings:
    """Measure a small host, and larger ones with up to 256 parents."""
    try:
        real.provide()
        mdevctl = True
    except real.Unavailable as reason:
        mdevctl = False
        times.note(f"Without mdevctl: {reason}.")
    turns = effort.turns(ROUNDS)
    small, ratio = compare("2 parents", SimHost("t4"), mdevctl, turns, "<= 1.25")
    figures = [*small]
    points: list[tuple[float, float]] = [(2, ratio)]
    sizes = effort.sizes([1, 2, 4, 8], [1])
    for gpus in sizes:
        parents = gpus * VFS
        # mdevctl is slow with many devices, so run it only for the largest host.
        last = gpus == sizes[-1]
        large, ratio = compare(f"{parents} parents", many_gpus(gpus), mdevctl and last, turns)
        points.append((parents, ratio))
        figures += large if last else []
    curve = Curve("parents", "Facts of a host", "mdev parents", "times a task ping", {"mdev_facts": points})
    return Findings(figures, [curve])


def many_gpus(number: int) -> SimHost:
    """Return GPUs with VFs that are all mdev parents with 20 types each."""
    gpu = load("a40").functions[0]
    assert gpu.sriov
    sriov = dataclasses.replace(gpu.sriov, total=VFS, numvfs=VFS)
    return SimHost("a40", functions=[dataclasses.replace(gpu, copies=number, sriov=sriov)])


def compare(title: str, host: SimHost, mdevctl: bool, turns: int, goal: str = "") -> tuple[list[Figure], float]:
    """Measure the facts of a host; return the figures, and the first of them relative to a ping."""
    times.note(f"\nFacts of a host with {title}; medians of {turns} turns (middle half)")
    with tree.exported(host) as root:
        real.make_ready(root)
        inside = [str(real.INSIDE), str(root)] if mdevctl else []
        listings = {f"{' '.join(command)}": command for command in LISTINGS if mdevctl}
        playing = time_tasks(root, turns, inside, listings)
        bare = time_commands(root, turns, inside, listings)
    times.show({**playing, **bare})
    ratios = times.ratios(playing[FACTS], playing[PING])
    figures = [findings.figure(f"{title}: {FACTS} / {PING}", ratios, goal)]
    if mdevctl:
        both = times.added(*(playing[f"task {name}"] for name in listings))
        ratio = times.ratios(playing[FACTS], both)
        figures.append(findings.figure(f"{title}: {FACTS} / two tasks mdevctl", ratio))
        both = times.added(*(bare[name] for name in listings))
        ratio = times.ratios(bare[ENGINE], both)
        figures.append(findings.figure(f"{title}: {ENGINE} / mdevctl twice", ratio))
    return figures, statistics.median(ratios)


def time_tasks(root: Path, turns: int, inside: list[str], listings: dict[str, list[str]]) -> times.Times:
    """Run a play with all tasks."""
    turn = [
        {"name": FACTS, "vfio.devices.mdev_facts": {"host_root": str(root)}},
        {"name": PING, "ansible.builtin.ping": {}},
        *({"name": f"task {name}", "ansible.builtin.command": {"argv": argv}} for name, argv in listings.items()),
    ]
    return tasks.measure(turn, turns, inside)


def time_commands(root: Path, turns: int, inside: list[str], listings: dict[str, list[str]]) -> times.Times:
    """Run the same work without Ansible."""
    commands = {ENGINE: [sys.executable, "-c", ENGINE_CODE, str(root)], **listings}
    return processes.measure(commands, turns, inside)
