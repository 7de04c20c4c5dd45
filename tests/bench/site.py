# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the playbook site: its cost with and without changes, and how time and memory grow with hosts."""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import findings, mounted, processes, times, tree
from .findings import Curve, Effort, Figure, Findings

SITE, VERIFY = "vfio.devices.site", "vfio.devices.verify"
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
# The largest fleet, for which there are limits of time and memory.
LARGE = 1000
BOOT_PROGRAM = "usr/local/lib/vfio-devices-restore.pyz"
NOVA_FILE = "etc/nova/nova.conf.d/50-vfio-devices.conf"
PING = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}] * PINGS}]
NOTHING = [{"hosts": "all", "gather_facts": False, "tasks": []}]
VARIABLES = {
    "vfio_profiles": [{"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-1B"}}],
    "nova_config_release": 34,
}
# Each module run starts the interpreter once, and records its CPU seconds.
INTERPRETER = '#!/bin/sh\n"{python}" "$@"\nstatus=$?\ntimes >>"{count}"\nexit "$status"\n'
TIMES = re.compile(r"(\d+)m([\d.]+)s")


def measure(effort: Effort) -> Findings:
    figures = one_host(effort)
    for size in effort.sizes([1, HOSTS], [2]):
        figures += whole_processes(effort, size)
    times.note("\nUnchanged T4 hosts, 32 devices each, which share the files of one host")
    sizes = sorted({*effort.sizes([HOSTS, 50, 100], [2]), *effort.hosts})
    fleets = {size: many_hosts(size) for size in sizes}
    for size, fleet in fleets.items():
        figures += fleet.figures(size)
    across = "unchanged hosts of 32 devices"
    seconds = {
        "site": [(size, fleet.site.processor) for size, fleet in fleets.items()],
        "ansible -m ping": [(size, fleet.ping.processor) for size, fleet in fleets.items()],
    }
    memory = {"site": [(size, fleet.site.megabytes) for size, fleet in fleets.items()]}
    return Findings(
        figures,
        [
            Curve("hosts", "A run of site", across, "CPU seconds, with modules", seconds),
            Curve("memory", "Memory of the largest process in a run of site", across, "MB", memory),
        ],
    )


def one_host(effort: Effort) -> list[Figure]:
    """Measure module runs and the cost of an unchanged host with many devices, whose files are in memory."""
    turns = effort.turns(ROUNDS)
    made: list[float] = []
    own: times.Times = {"task ping": [], "site": []}
    with mounted.fleet({**FULL, "functions": [{**T4, "copies": 1 if effort.quick else DEVICES // 16}]}) as place:
        Playbooks(place, [mounted.HOST]).play(SITE)
        with tree.copied(place / mounted.HOST) as copy:
            runs = Playbooks(copy.parent, [mounted.HOST])
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


def whole_processes(effort: Effort, size: int) -> list[Figure]:
    """Compare runs on some hosts with ``ansible -m ping`` in CPU seconds, which hardly depend on other processes."""
    turns = effort.turns(ROUNDS)
    with mounted.fleet(f"t4={size}") as place:
        own = names_of(size)
        runs = Playbooks(place, own)
        first = runs.cost(lambda: runs.play(SITE))
        taken: dict[str, list[Cost]] = {}

        def take(what: str, play: Callable[[], processes.Run]) -> None:
            taken.setdefault(what, []).append(runs.cost(play))

        for _turn in range(turns):
            take("ping", runs.ping_all)
            take("start", lambda: runs.play(runs.nothing))
            take("unchanged", lambda: runs.play(SITE))
            take("unchanged in check mode", lambda: runs.play(SITE, "--check", "--diff"))
            take("verify", lambda: runs.play(VERIFY))
            change(place, own[:1])
            take("one change", lambda: runs.play(SITE))
            if size > 1:
                change(place, own)
                take("all changed in check mode", lambda: runs.play(SITE, "--check", "--diff"))
                take("all changed", lambda: runs.play(SITE))
    return figures_of(size, taken, first)


def names_of(size: int) -> list[str]:
    return [f"t4-{number}" for number in range(1, size + 1)]


def change(fleet: Path, hosts: list[str]) -> None:
    """Remove files of the boot service and nova on some hosts."""
    for host in hosts:
        for path in (BOOT_PROGRAM, NOVA_FILE):
            (fleet / host / path).unlink(missing_ok=True)


def figures_of(size: int, taken: dict[str, list[Cost]], first: Cost) -> list[Figure]:
    """Return the figures of runs on ``size`` hosts; ``first`` is the run that configures everything."""
    pings, starts = taken.pop("ping"), taken.pop("start")
    title = f"{size} {'host' if size == 1 else 'hosts'}"
    times.note(
        f"\nPlaybooks on T4 hosts ({title}); for each host seconds of the processors, module runs, lines of output"
    )
    figures = []
    for what, found in {"from nothing": [first], **taken}.items():
        is_unchanged = what.startswith(("unchanged", "verify"))
        start = statistics.median(one.controller for one in starts)
        controller = [(one.controller - start) / size for one in found]
        host = [one.host / size for one in found]
        whole = [one.run.processor / ping.run.processor for one, ping in zip(found, pings)]
        last = found[-1]
        times.note(
            f"  {what:28} {statistics.median(controller):6.2f} s + {statistics.median(host):6.2f} s on the host "
            f"{last.module_runs / size:6.2f} runs {last.run.lines / size:7.1f} lines {last.run.seconds:7.1f} s in all "
            f"{last.run.megabytes:5.0f} MB"
        )
        name = f"{title}, {what}"
        both = [one + other for one, other in zip(controller, host)]
        figures += [
            findings.figure(f"{name}: CPU s a host", both, "<= 2" if is_unchanged and size > 1 else ""),
            findings.figure(f"{name}: CPU s of its modules", host),
            findings.figure(f"{name}: CPU / ansible -m ping", whole, "<= 2" if is_unchanged and size > 1 else ""),
            findings.figure(f"{name}: module runs a host", [last.module_runs / size]),
            findings.figure(f"{name}: lines of output", [last.run.lines]),
        ]
    return figures


class Fleet(NamedTuple):
    """Runs on the same hosts, and the CPU seconds of their modules."""

    ping: processes.Run
    site: processes.Run
    host: float

    def figures(self, size: int) -> list[Figure]:
        name = f"{size} unchanged hosts"
        is_large = size >= LARGE
        return [
            findings.figure(f"{name}: CPU s a host", [self.site.processor / size], "<= 2"),
            findings.figure(f"{name}: CPU s of its modules", [self.host / size]),
            findings.figure(f"{name}: CPU / ansible -m ping", [self.site.processor / self.ping.processor], "<= 2"),
            findings.figure(f"{name}: seconds", [self.site.seconds], "<= 600" if is_large else ""),
            findings.figure(f"{name}: MB of the largest process", [self.site.megabytes], "<= 1024" if is_large else ""),
        ]


def many_hosts(size: int) -> Fleet:
    """Measure site on a fleet without changes. All hosts share the files of one, which modules only read."""
    with mounted.fleet("t4=1") as place:
        first, *_others = names = names_of(size)
        runs = Playbooks(place, names, shared=first)
        runs.play(SITE, "--limit", first)
        ping = runs.ping_all()
        site = runs.cost(lambda: runs.play(SITE))
        if site.module_runs != size:
            raise SystemExit(f"site made {site.module_runs} module runs on {size} unchanged hosts")
    found = Fleet(ping, site.run, site.host)
    times.note(
        f"  {size:4} hosts {site.run.seconds:8.1f} s, CPU {site.run.processor:8.1f} s, of modules {site.host:8.1f} s, "
        f"ping {ping.processor:8.1f} s; {site.run.megabytes:4.0f} MB"
    )
    return found


class Cost(NamedTuple):
    """A run with the CPU seconds of its modules, and the number of module runs."""

    run: processes.Run
    host: float
    module_runs: int

    @property
    def controller(self) -> float:
        return self.run.processor - self.host


class Playbooks:
    """Run ansible-playbook on mounted hosts. With ``shared``, all have the files of this host."""

    def __init__(self, fleet: Path, hosts: list[str], shared: str = "") -> None:
        place = fleet.parent
        self.count = place / "count"
        self.count.touch()
        interpreter = place / "python"
        interpreter.write_text(INTERPRETER.format(count=self.count, python=sys.executable))
        interpreter.chmod(0o755)
        self.first = hosts[0]
        everyone = {
            "ansible_connection": "local",
            "ansible_pipelining": True,
            "ansible_python_interpreter": str(interpreter),
            **VARIABLES,
        }
        each = {name: {"vfio_host_root": str(fleet / (shared or name))} for name in hosts}
        self.inventory = place / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": each, "vars": everyone}}))
        self.ping, self.nothing = str(place / "ping.yml"), str(place / "nothing.yml")
        Path(self.ping).write_text(json.dumps(PING))
        Path(self.nothing).write_text(json.dumps(NOTHING))
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

    def cost(self, play: Callable[[], processes.Run]) -> Cost:
        """Run ``play`` and return its cost."""
        before, runs_before = self._module_seconds(), self.module_runs()
        run = play()
        return Cost(run, self._module_seconds() - before, self.module_runs() - runs_before)

    def module_runs(self) -> int:
        # Each record has a line for the shell and a line for its children.
        return len(self.count.read_text().splitlines()) // 2

    def _module_seconds(self) -> float:
        """Return the CPU seconds of all module runs so far."""
        return sum(60 * int(minutes) + float(seconds) for minutes, seconds in TIMES.findall(self.count.read_text()))
