# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Remember which processes of a service were started before its settings changed, until these processes end.

A run may be stopped between the write and the restart. A process is identified by its id and by its start in clock
ticks since boot, which no change of the system time affects. Records are in ``/run``, so a reboot removes them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .._host.records import RUN_DIRECTORY, read_records, save_record
from .._host.root import HostRoot
from . import oslo, started
from .provider_files import SUFFIX

KIND = "restart"
# Positions in proc/PID/stat after the name of the program, which may contain spaces (fs/proc/array.c, do_task_stat).
STATE, START = 0, 19
# A process that has ended keeps its id until its parent collects it.
ENDED = ("Z", "X")


def note(host: HostRoot, program: str, paths: Collection[str]) -> None:
    """Record the processes of a program that read one of ``paths``, before these change; raise HostError on failure.

    A host may have several, such as nova-compute for ironic in addition to the one for libvirt, with other settings.
    """
    running = dict(started.processes(host, program))
    # If no process reads the files by these names, it is unknown which one does.
    readers = [pid for pid, arguments in running.items() if _reads(host, pid, program, arguments, paths)]
    starts = {str(pid): _start(host, pid) for pid in readers or running}
    found = {pid: start for pid, start in starts.items() if start is not None}
    former = read_records(host, KIND, RUN_DIRECTORY).get(program, {})
    save_record(host, KIND, program, {**_still_running(host, former), **found} or None, RUN_DIRECTORY)


def owed(host: HostRoot) -> list[str]:
    """Return the programs of which a process still has its former settings."""
    records = read_records(host, KIND, RUN_DIRECTORY)
    return sorted(program for program, processes in records.items() if _still_running(host, processes))


def _still_running(host: HostRoot, processes: dict[str, str]) -> dict[str, str]:
    return {pid: start for pid, start in processes.items() if _start(host, pid) == start}


def _reads(host: HostRoot, pid: int, program: str, arguments: Sequence[str], paths: Collection[str]) -> bool:
    """Return whether a process may read one of the files. The files of a container may be those of the host."""
    sources = oslo.sources(program.partition("-")[0], arguments)
    of_settings = [path for path in paths if not path.endswith(SUFFIX)]
    if len(of_settings) < len(paths) or started.is_contained(host, pid):
        return True
    return any(oslo.reads(sources, path) for path in of_settings)


def _start(host: HostRoot, pid: int | str) -> str | None:
    """Return the start of a process in clock ticks since boot, or None if it has ended."""
    words = (host.read(f"proc/{pid}/stat", optional=True) or "").rpartition(")")[2].split()
    return words[START] if len(words) > START and words[STATE] not in ENDED else None
