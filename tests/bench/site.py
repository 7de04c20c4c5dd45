# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the playbook site: the cost of an unchanged host, and how time and memory grow with hosts."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

from . import findings, mounted, processes, times
from .findings import Curve, Effort, Figure, Findings

SITE, VERIFY = "vfio.devices.site", "vfio.devices.verify"
RUNS = ("from nothing", "unchanged")
ROUNDS = 5
DEVICES = 128
T4 = {
    "address": "0000:10:00.0",
    "vendor": "10de",
    "device": "1eb8",
    "class_code": "030200",
    "driver": "nvidia",
    "drivers": ["nvidia", "nouveau"],
    "vgpu": {"types": "tesla_t4"},
    "copies": DEVICES // 16,
}
FULL = {"cmdline": "intel_iommu=on iommu=pt", "functions": [T4]}
# Several tasks, because one is short compared with the start of Ansible.
PINGS = 5
HOSTS = 10
BOOT_PROGRAM = "usr/local/lib/vfio-devices-restore.pyz"
PING = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}] * PINGS}]
NOTHING = [{"hosts": "all", "gather_facts": False, "tasks": []}]
VARIABLES = {
    "vfio_profiles": [{"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-1B"}}],
    "nova_config_release": 34,
}
# Each module run starts the interpreter once.
INTERPRETER = '#!/bin/sh\necho run >>"{count}"\nexec "{python}" "$@"\n'


def measure(effort: Effort) -> Findings:
    figures = [*one_host(effort), *whole_processes(effort)]
    times.note(
        "\nT4 hosts, 32 devices each; from nothing, then unchanged; in tasks ping, and megabytes of the controller"
    )
    sizes = effort.sizes([10, 50, 100], [1])
    fleets = [many_hosts(size) for size in sizes]

    def lines(unit: str) -> dict[str, list[tuple[float, float]]]:
        return {what: [(size, run[what][unit]) for size, run in zip(sizes, fleets, strict=True)] for what in RUNS}

    across = "hosts of 32 devices"
    return Findings(
        figures,
        [
            Curve("hosts", "A run of site", across, "times a task ping on one host", lines("pings")),
            Curve("memory", "Memory of the largest process in a run of site", across, "MB", lines("megabytes")),
        ],
    )


def one_host(effort: Effort) -> list[Figure]:
    """Measure module runs and the cost of an unchanged host with many devices."""
    turns = effort.turns(ROUNDS)
    with mounted.fleet({**FULL, "functions": [{**T4, "copies": 1 if effort.quick else DEVICES // 16}]}) as place:
        runs = Playbooks(place, [mounted.HOST])
        runs.play(SITE)
        made: list[float] = []
        own: times.Times = {"task ping": [], "site": []}
        for _turn in range(turns):
            start, ping = runs.units()
            own["task ping"].append(ping)
            before = runs.module_runs()
            own["site"].append(runs.play(SITE).seconds - start)
            made.append(runs.module_runs() - before)
    times.note(f"\nSite on an unchanged host, {turns} turns; without the start of Ansible")
    times.show(own)
    return [
        findings.figure("module runs of site on an unchanged host", made, "<= 1"),
        findings.figure("site on an unchanged host / task ping", times.ratios(own["site"], own["task ping"]), "<= 4"),
    ]


def whole_processes(effort: Effort) -> list[Figure]:
    """Compare runs on ten hosts with ``ansible -m ping`` in CPU seconds, which hardly depend on other processes."""
    size = 2 if effort.quick else HOSTS
    turns = effort.turns(ROUNDS)
    with mounted.fleet(f"t4={size}") as place:
        runs = Playbooks(place, [f"t4-{number}" for number in range(1, size + 1)])
        first = runs.play(SITE)
        taken: dict[str, list[processes.Run]] = {}
        for _turn in range(turns):
            taken.setdefault("ping", []).append(runs.ping_all())
            taken.setdefault("start", []).append(runs.play(runs.nothing))
            taken.setdefault("unchanged", []).append(runs.play(SITE))
            taken.setdefault("unchanged in check mode", []).append(runs.play(SITE, "--check", "--diff"))
            taken.setdefault("verify", []).append(runs.play(VERIFY))
            (place / "t4-1" / BOOT_PROGRAM).unlink()
            taken.setdefault("one change", []).append(runs.play(SITE))
    pings = [run.processor for run in taken.pop("ping")]
    starts = [run.processor for run in taken.pop("start")]
    times.note(
        f"\nPlaybooks on {size} T4 hosts, {turns} turns; seconds of the processors for each host, and lines of output"
    )
    figures = [
        findings.figure(f"{size} hosts, from nothing: CPU s a host", [(first.processor - starts[0]) / size]),
    ]
    for what, found in taken.items():
        own = [(run.processor - start) / size for run, start in zip(found, starts, strict=True)]
        whole = [run.processor / ping for run, ping in zip(found, pings, strict=True)]
        times.note(f"  {what:28} {statistics.median(own):6.2f} s {found[-1].lines:5} lines")
        is_unchanged = what != "one change"
        figures += [
            findings.figure(f"{size} hosts, {what}: CPU s a host", own, "<= 2" if is_unchanged else ""),
            findings.figure(f"{size} hosts, {what}: CPU / ansible -m ping", whole, "<= 2" if is_unchanged else ""),
        ]
    return figures


def many_hosts(size: int) -> dict[str, dict[str, float]]:
    """Measure runs on a whole fleet: the duration in ping tasks on one host, and megabytes."""
    with mounted.fleet(f"t4={size}") as place:
        runs = Playbooks(place, [f"t4-{number}" for number in range(1, size + 1)])
        measured = {}
        for what in RUNS:
            start, ping = runs.units()
            run = runs.play(SITE)
            measured[what] = {"pings": (run.seconds - start) / ping, "megabytes": run.megabytes}
            times.note(f"  {size:4} hosts {what:13} {run.seconds:8.1f} s {run.megabytes:6.0f} MB")
    return measured


class Playbooks:
    """Runs ansible-playbook on mounted hosts."""

    def __init__(self, fleet: Path, hosts: list[str]) -> None:
        place = fleet.parent
        self.count = place / "count"
        self.count.touch()
        interpreter = place / "python"
        interpreter.write_text(INTERPRETER.format(count=self.count, python=sys.executable))
        interpreter.chmod(0o755)
        everyone = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(interpreter),
            "vfio_host_root": f"{fleet}/{{{{ inventory_hostname }}}}",
            **VARIABLES,
        }
        self.inventory = place / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": dict.fromkeys(hosts), "vars": everyone}}))
        self.ping, self.nothing = str(place / "ping.yml"), str(place / "nothing.yml")
        Path(self.ping).write_text(json.dumps(PING))
        Path(self.nothing).write_text(json.dumps(NOTHING))
        self.first = hosts[0]
        self.forks = min(len(hosts), 20)

    def play(self, playbook: str, *options: str) -> processes.Run:
        return processes.run(
            ["ansible-playbook", "-i", str(self.inventory), f"--forks={self.forks}", *options, playbook]
        )

    def ping_all(self) -> processes.Run:
        """Run the module ping on all hosts without a playbook."""
        return processes.run(["ansible", "-i", str(self.inventory), f"--forks={self.forks}", "all", "-m", "ping"])

    def units(self) -> tuple[float, float]:
        """Return the seconds of a play without tasks (the start of Ansible), and of a ping task on one host."""
        start, pings = (self.play(name, "--limit", self.first).seconds for name in (self.nothing, self.ping))
        return start, (pings - start) / PINGS

    def module_runs(self) -> int:
        return len(self.count.read_text().splitlines())
