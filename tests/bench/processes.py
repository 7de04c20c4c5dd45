# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time commands against each other: they take turns, so that noise hits all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import times


def measure(commands: dict[str, list[str]], rounds: int, inside: list[str] | None = None) -> times.Times:
    """The seconds of each command by its name, in ``rounds`` turns after one that does not count.

    ``inside`` is a command line that all of them are run under; it is not part of what is timed.
    """
    with tempfile.TemporaryDirectory() as directory:
        durations = Path(directory, "durations")
        arguments = json.dumps([commands, rounds + 1, str(durations)])
        # As on a host that has the files installed: the first turn leaves their bytecode.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{directory}/bytecode"}
        command = [*(inside or []), sys.executable, "-m", __name__, arguments]
        subprocess.run(command, env=environment, check=True)
        return times.read(durations)


def _take_turns(commands: dict[str, list[str]], turns: int, durations: str) -> None:
    with open(durations, "w", encoding="utf-8") as file:
        for name, command in [*commands.items()] * turns:
            begin = time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            file.write(json.dumps([name, time.monotonic() - begin]) + "\n")


if __name__ == "__main__":
    _take_turns(*json.loads(sys.argv[1]))
