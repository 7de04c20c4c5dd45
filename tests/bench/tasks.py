# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time Ansible tasks that take turns in one play, so that noise affects all equally."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import times

CALLBACKS = Path(__file__).parent / "callback"
PREPARATION = "-"


def measure(
    tasks: list[dict[str, Any]],
    rounds: int,
    inside: list[str] | None = None,
    variables: dict[str, Any] | None = None,
) -> times.Times:
    """Return the seconds of each task by name in ``rounds`` turns, after a turn that does not count.

    A task without a name prepares the next task and is not reported. ``inside`` is a command line under which the
    playbook runs. A task may add its own durations to the file $DURATIONS.
    """
    turn = [{"name": PREPARATION, **task} for task in tasks]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **(variables or {})},
        "tasks": turn * (rounds + 1),
    }
    with tempfile.TemporaryDirectory() as directory:
        playbook, durations = Path(directory, "playbook.yml"), Path(directory, "durations")
        playbook.write_text(json.dumps([play]))
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(playbook)]
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "durations",
            "DURATIONS": str(durations),
        }
        done = subprocess.run([*(inside or []), *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the playbook of the benchmark failed:\n{done.stdout[-4000:]}{done.stderr}")
        measured = times.read(durations)
    measured.pop(PREPARATION, None)
    return measured
