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
from typing import NamedTuple

from . import times


class Run(NamedTuple):
    seconds: float
    megabytes: float  # the largest process
    processor: float  # seconds of it and of its children on the processors, hosts included
    lines: int  # of output


def run(command: list[str]) -> Run:
    """Run a command once. Raises SystemExit with its last words when it fails."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')[-4000:]}")
        output.seek(0)
        lines = output.read().count(b"\n")
    return Run(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, lines)


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
