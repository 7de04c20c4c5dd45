# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""mdev_facts beside a ping, and beside mdevctl on the same tree."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from tests.integration.mdevctl import real
from tests.simhost import SimHost
from tests.simhost.profile import load

from . import processes, tasks, times, tree

ROUNDS = 15
FACTS, PING, ENGINE = "task mdev_facts", "task ping", "the engine alone"
LISTINGS = (["mdevctl", "types", "--dumpjson"], ["mdevctl", "list", "--dumpjson"])

ENGINE_CODE = """\
import sys
from ansible_collections.vfio.devices.plugins.module_utils import _facts
from ansible_collections.vfio.devices.plugins.module_utils._host import HostRoot
_facts.observe(HostRoot(sys.argv[1]))
"""


def main() -> None:
    """Measure two hosts, one small, one large."""
    try:
        real.provide()
        mdevctl = True
    except real.Unavailable as reason:
        mdevctl = False
        print(f"Without mdevctl: {reason}.")
    compare("2 GPUs, 2 parents with 17 types each", SimHost("t4"), mdevctl, "<= 1.25")
    compare("8 GPUs, 256 parents with 20 types each", many_gpus(), mdevctl)


def many_gpus() -> SimHost:
    """8 GPUs with 32 VFs each, all of them mdev parents."""
    gpu = load("a40").functions[0]
    assert gpu.sriov
    sriov = dataclasses.replace(gpu.sriov, total=32, numvfs=32)
    return SimHost("a40", functions=[dataclasses.replace(gpu, copies=8, sriov=sriov)])


def compare(title: str, host: SimHost, mdevctl: bool, goal: str = "") -> None:
    """Print what facts of one host take."""
    print(f"\nFacts of a host with {title}; medians of {ROUNDS} turns (middle half)")
    with tree.exported(host) as root:
        real.make_ready(root)
        inside = [str(real.INSIDE), str(root)] if mdevctl else []
        listings = {f"{' '.join(command)}": command for command in LISTINGS if mdevctl}
        playing = time_tasks(root, inside, listings)
        bare = time_commands(root, inside, listings)
    times.show({**playing, **bare})
    times.compare(f"{FACTS} / {PING}", playing[FACTS], playing[PING], goal)
    if mdevctl:
        both = times.added(*(playing[f"task {name}"] for name in listings))
        times.compare(f"{FACTS} / two tasks mdevctl", playing[FACTS], both)
        both = times.added(*(bare[name] for name in listings))
        times.compare(f"{ENGINE} / mdevctl twice", bare[ENGINE], both)


def time_tasks(root: Path, inside: list[str], listings: dict[str, list[str]]) -> times.Times:
    """One play of all tasks."""
    turn = [
        {"name": FACTS, "vfio.devices.mdev_facts": {"host_root": str(root)}},
        {"name": PING, "ansible.builtin.ping": {}},
        *({"name": f"task {name}", "ansible.builtin.command": {"argv": argv}} for name, argv in listings.items()),
    ]
    return tasks.measure(turn, ROUNDS, inside)


def time_commands(root: Path, inside: list[str], listings: dict[str, list[str]]) -> times.Times:
    """The same without Ansible."""
    commands = {ENGINE: [sys.executable, "-c", ENGINE_CODE, str(root)], **listings}
    return processes.measure(commands, ROUNDS, inside)


if __name__ == "__main__":
    main()
