# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time commands that take turns, so that noise affects all equally."""

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
    megabytes: float  # of the largest process
    processor: float  # CPU seconds of it and its children, including hosts
    lines: int  # of output


def run(command: list[str]) -> Run:
    """Run a command once. Raises SystemExit with its last output if it fails."""
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
    """Return the seconds of each command by name in ``rounds`` turns, after a turn that does not count.

    ``inside`` is a command line under which all of them run; it is not included in the times.
    """
    with tempfile.TemporaryDirectory() as directory:
        durations = Path(directory, "durations")
        arguments = json.dumps([commands, rounds + 1, str(durations)])
        # The first turn writes the bytecode, as on a host with installed files.
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
