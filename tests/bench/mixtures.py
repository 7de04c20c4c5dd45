# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure several types on a card: the change of one L40S, and the plan of a host with eight L40S.

All work runs in this process and is measured in processor time, so other processes hardly affect the results.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._instances import job, wanted
from ansible_collections.vfio.devices.plugins.module_utils._run import facts
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve

from tests.simhost import SimHost
from tests.simhost.accessor import Accessor
from tests.simhost.profile import load
from tests.simhost.tools import Tools

from . import findings, times
from .findings import Effort, Findings

ROUNDS = 9
VFS, CARDS = 16, 8
A, B, C = "NVIDIA L40S-3Q", "NVIDIA L40S-6Q", "NVIDIA L40S-3A"
BEFORE, AFTER = {A: 16}, {A: 8, B: 4}
PROFILE = {
    "name": "mixed",
    "select": "product_id == '26b9'",
    "vgpu": [{"type": A, "count": 4}, {"type": C, "count": 4}, {"type": B, "count": 4}],
    "owner": "none",
}
OPTIONS = {
    **{"state": "present", "exact": True, "placement": "spread", "on_busy": "fail"},
    **{"accept_unseen": [], "persist": True},
}


class CountingAccessor(Accessor):
    """Count the writes to the kernel."""

    written = 0

    def write(self, path: str, data: bytes) -> None:
        self.written += path.startswith("sys/")
        super().write(path, data)


def measure(effort: Effort) -> Findings:
    """Measure the change, a second run without changes, and the plan."""
    turns = effort.turns(ROUNDS)
    measured: times.Times = {"change": [], "unchanged": [], "plan": []}
    written = runs = 0
    for _turn in range(turns):
        host = gpus(1)
        files = CountingAccessor(host)
        converge(host, files, BEFORE)
        files.written, runs = 0, 0
        for name in ("change", "unchanged"):
            begin = time.process_time()
            changed = converge(host, files, AFTER)["changed"]
            measured[name].append(time.process_time() - begin)
            runs += changed
        written = files.written
    host = gpus(CARDS)
    seen = facts.observe(HostRoot("/simulated", files=Accessor(host), tools=Tools(host, Accessor(host))))
    for _turn in range(turns):
        begin = time.process_time()
        resolve([PROFILE], seen)
        measured["plan"].append(time.process_time() - begin)
    times.note(f"\nAn L40S with {VFS} functions from 16 vGPUs to 8 and 4 others, in one process; {turns} turns")
    times.show(measured)
    return Findings(
        [
            findings.figure("writes to the kernel: 16 removed, 12 made", [float(written)], "<= 28"),
            findings.figure("runs of the module that change something", [float(runs)], "<= 1"),
            findings.figure("milliseconds of the change", milliseconds(measured["change"])),
            findings.figure("milliseconds of the same again, unchanged", milliseconds(measured["unchanged"])),
            findings.figure(
                f"milliseconds of the plan of {CARDS} cards with 3 types", milliseconds(measured["plan"]), "<= 50"
            ),
        ]
    )


def gpus(number: int) -> SimHost:
    """Return a host with L40S cards that have one VF per vGPU of the smallest size."""
    gpu = load("l40s").functions[0]
    assert gpu.sriov
    sriov = dataclasses.replace(gpu.sriov, total=VFS, numvfs=VFS)
    return SimHost("l40s", functions=[dataclasses.replace(gpu, address="0000:04:00.0", copies=number, sriov=sriov)])


def converge(host: SimHost, files: Accessor, counts: dict[str, int]) -> dict[str, Any]:
    """Run mdev_instance once without Ansible."""
    blank = dict.fromkeys(("uuid", "parent", "count", "numa_node", "attributes", "autostart"))
    entries = [
        {**blank, "type": [name], "count": str(count), "parent": "0000:04:00.0"} for name, count in counts.items()
    ]
    door = HostRoot("/simulated", files=files, tools=Tools(host, files))
    parsed = wanted.parse_instances(entries, "present", exact=True)
    found: dict[str, Any] = job.converge(door, OPTIONS, parsed, False, None)
    return found


def milliseconds(seconds: list[float]) -> list[float]:
    """Convert seconds to the unit of the figures."""
    return [1000 * one for one in seconds]
