# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time Ansible tasks against each other: they take turns in one play, so that noise hits all alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CALLBACKS = Path(__file__).parent / "callback"


def medians(tasks: dict[str, dict[str, Any]], rounds: int, prefix: list[str] | None = None) -> dict[str, float]:
    """The median seconds of each task by its name, over ``rounds`` turns after one that does not count.

    ``prefix`` is a command line that the playbook is run under.
    """
    turn = [{"name": name, **task} for name, task in tasks.items()]
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": turn * (rounds + 1)}]
    with tempfile.TemporaryDirectory() as directory:
        playbook, durations = Path(directory, "playbook.yml"), Path(directory, "durations")
        playbook.write_text(json.dumps(play))
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(playbook)]
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "durations",
            "DURATIONS": str(durations),
        }
        done = subprocess.run([*(prefix or []), *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the playbook of the benchmark failed:\n{done.stdout}{done.stderr}")
        taken: dict[str, list[float]] = {}
        for line in durations.read_text().splitlines():
            name, seconds = json.loads(line)
            taken.setdefault(name, []).append(seconds)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}
