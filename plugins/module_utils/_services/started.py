# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out how an OpenStack service is started: as a process, by a systemd unit, or in a container."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import kolla

UNITS = tuple(f"{place}/systemd/system" for place in ("etc", "run", "usr/local/lib", "usr/lib", "lib"))
EXEC = lazy_pattern(r"^ExecStart\s*=[-@:+!|]*(.*)$", re.MULTILINE)
CONTAINER = lazy_pattern(r"docker|libpod|containerd|kubepods|lxc|crio")


class Started(NamedTuple):
    """How a service is started; ``arguments`` is its command line from the program on, or None if unknown."""

    arguments: tuple[str, ...] | None
    # "process", "unit", "kolla" or None
    source: str | None
    pid: int | None
    container: bool
    kolla: bool


def observe(host: HostRoot, program: str, unit: str) -> Started:
    """Return how ``program`` is started: from its process if it runs, or else from its unit."""
    is_kolla = host.exists(f"{kolla.DIRECTORY}/{program}/config.json")
    for pid, running in processes(host, program):
        return Started(running, "process", pid, is_contained(host, pid), is_kolla)
    if is_kolla:
        planned = _of_program(kolla.command(host, program), program)
        return Started(planned, "kolla" if planned else None, None, True, True)
    command = _command(host, unit)
    if command is None:
        return Started(None, None, None, False, False)
    # An init script adds its own arguments.
    arguments = None if command[:1] == [f"/etc/init.d/{program}"] else _of_program(command, program)
    return Started(arguments, "unit", None, False, False)


def is_contained(host: HostRoot, pid: int) -> bool:
    """Return whether a process runs in a container."""
    return bool(CONTAINER.search(host.read(f"proc/{pid}/cgroup", optional=True) or ""))


def processes(host: HostRoot, program: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the id and the arguments of each process of a program."""
    for pid in host.names("proc"):
        arguments = _arguments(host, pid, program) if pid.isdigit() else None
        if arguments:
            yield int(pid), arguments


def _arguments(host: HostRoot, pid: str, program: str) -> tuple[str, ...] | None:
    words = [word for word in (host.read(f"proc/{pid}/cmdline", optional=True) or "").split("\0") if word]
    found = _of_program(words, program)
    # Exclude programs that only mention the name, such as systemctl restart nova-compute.
    begins = words[0].rpartition("/")[2] if words else ""
    return found if begins == program or begins.startswith("python") or "--" in words else None


def _of_program(words: list[str], program: str) -> tuple[str, ...] | None:
    """Return the words from the program on, after an interpreter or wrapper."""
    for place, word in enumerate(words[:4]):
        if word.rpartition("/")[2] == program:
            return tuple(words[place:])
    return None


def _command(host: HostRoot, unit: str) -> list[str] | None:
    """Return the words of the last ExecStart of a unit with its drop-ins; None without the unit."""
    name = unit if unit.endswith(".service") else f"{unit}.service"
    text = next((found for place in UNITS if (found := host.read(f"{place}/{name}", optional=True))), None)
    if text is None:
        return None
    for place in reversed(UNITS):
        for part in sorted(host.names(f"{place}/{name}.d")):
            if part.endswith(".conf"):
                text += "\n" + (host.read(f"{place}/{name}.d/{part}", optional=True) or "")
    commands = [line for line in EXEC.findall(text.replace("\\\n", " ")) if line.strip()]
    try:
        return shlex.split(commands[-1]) if commands else None
    except ValueError:
        return None
