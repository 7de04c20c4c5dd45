# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Remember which processes of a service were started before its settings changed, until these processes end.

A run may be stopped between the write and the restart. A process is identified by its id and by its start in clock
ticks since boot, which no change of the system time affects. Records are in ``/run``, so a reboot removes them.
"""

from __future__ import annotations

from .._host.records import RUN_DIRECTORY, read_records, save_record
from .._host.root import HostRoot
from . import started

KIND = "restart"
# Positions in proc/PID/stat after the name of the program, which may contain spaces (fs/proc/array.c, do_task_stat).
STATE, START = 0, 19
# A process that has ended keeps its id until its parent collects it.
ENDED = ("Z", "X")


def note(host: HostRoot, program: str) -> None:
    """Record the current processes of a program, before its settings change; raise HostError on failure."""
    starts = {str(pid): _start(host, pid) for pid, _arguments in started.processes(host, program)}
    found = {pid: start for pid, start in starts.items() if start is not None}
    save_record(host, KIND, program, found or None, RUN_DIRECTORY)


def owed(host: HostRoot) -> list[str]:
    """Return the programs of which a process still has its former settings."""
    return sorted(
        program
        for program, processes in read_records(host, KIND, RUN_DIRECTORY).items()
        if any(_start(host, pid) == start for pid, start in processes.items())
    )


def _start(host: HostRoot, pid: int | str) -> str | None:
    """Return the start of a process in clock ticks since boot, or None if it has ended."""
    words = (host.read(f"proc/{pid}/stat", optional=True) or "").rpartition(")")[2].split()
    return words[START] if len(words) > START and words[STATE] not in ENDED else None
