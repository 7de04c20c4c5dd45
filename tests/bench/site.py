# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook site: what a run costs when nothing changes, and how time and memory grow with the hosts.

python -m tests.bench.site [--hosts 10 50 100]
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.simhost import mounting

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
PING = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}]
NOTHING = [{"hosts": "all", "gather_facts": False, "tasks": []}]
VARIABLES = {
    "vfio_profiles": [{"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-1B"}}],
    "nova_config_release": 34,
}
# Each module run starts the interpreter once.
INTERPRETER = '#!/bin/sh\necho run >>"{count}"\nexec "{python}" "$@"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="*", default=[10, 50, 100])
    sizes = parser.parse_args().hosts
    with tempfile.TemporaryDirectory() as directory:
        one_host(Path(directory, "one"))
    print("\nT4 hosts, 32 devices each; from nothing, then unchanged; seconds and controller memory")
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            many_hosts(Path(directory, "many"), size)


def one_host(place: Path) -> None:
    """Module runs and cost of an unchanged host with many devices."""
    place.mkdir()
    profile = place / "host.yml"
    profile.write_text(json.dumps(FULL))
    mounting.mount(place / "fleet", [str(profile)])
    try:
        runs = Playbooks(place, ["host"])
        runs.play("vfio.devices.site")
        before = runs.module_runs()
        changed = runs.play("vfio.devices.site")["changed"]
        print(
            f"\na host with {DEVICES} devices: {runs.module_runs() - before} module runs, {changed} changes (goal <= 6)"
        )
        turns = [
            [runs.play(name)["seconds"] for name in ("vfio.devices.site", runs.ping, runs.nothing)]
            for dummy in range(ROUNDS)
        ]
        # A play without tasks costs the start of Ansible.
        site, ping = (statistics.median(turn[index] - turn[2] for turn in turns) for index in (0, 1))
        print(f"  an unchanged site {site:.2f} s, one task ping {ping:.2f} s, ratio {site / ping:.1f}")
    finally:
        mounting.unmount(place / "fleet")


def many_hosts(place: Path, size: int) -> None:
    """Time and memory of a whole fleet."""
    place.mkdir()
    mounting.mount(place / "fleet", [f"t4={size}"])
    try:
        runs = Playbooks(place, [f"t4-{number}" for number in range(1, size + 1)])
        for name in ("from nothing", "unchanged"):
            result = runs.play("vfio.devices.site")
            print(
                f"  {size:4} hosts {name:13} {result['seconds']:8.1f} s   {result['seconds'] / size:6.2f} s a host"
                f"   {result['megabytes']:6.0f} MB   {result['changed']} hosts changed"
            )
    finally:
        mounting.unmount(place / "fleet")


class Playbooks:
    """Runs of ansible-playbook against mounted hosts."""

    def __init__(self, place: Path, hosts: list[str]) -> None:
        self.count = place / "count"
        self.count.touch()
        interpreter = place / "python"
        interpreter.write_text(INTERPRETER.format(count=self.count, python=sys.executable))
        interpreter.chmod(0o755)
        everyone = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(interpreter),
            "vfio_host_root": f"{place}/fleet/{{{{ inventory_hostname }}}}",
            **VARIABLES,
        }
        self.inventory = place / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": dict.fromkeys(hosts), "vars": everyone}}))
        self.ping, self.nothing = str(place / "ping.yml"), str(place / "nothing.yml")
        Path(self.ping).write_text(json.dumps(PING))
        Path(self.nothing).write_text(json.dumps(NOTHING))
        self.forks = min(len(hosts), 20)

    def play(self, playbook: str) -> dict[str, Any]:
        """Seconds, greatest memory of a process of the controller, and the hosts that changed."""
        command = ["ansible-playbook", "-i", str(self.inventory), f"--forks={self.forks}", playbook]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - start
        if done.returncode:
            raise SystemExit(f"{playbook} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        return {
            "seconds": seconds,
            "megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "changed": len(re.findall(r" changed=[1-9]", done.stdout)),
        }

    def module_runs(self) -> int:
        return len(self.count.read_text().splitlines())


if __name__ == "__main__":
    main()
