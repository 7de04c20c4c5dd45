# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out how an OpenStack service is started: as a process, by a systemd unit, or in a container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import kolla, oslo, units

# Variables without their values may be secret, so only those of oslo.config are kept.
KEPT = (oslo.HOME, *oslo.SNAPS)
CONTAINER = lazy_pattern(r"docker|libpod|containerd|kubepods|lxc|crio")


class Started(NamedTuple):
    """How a service is started; ``arguments`` is its command line from the program on, or None if unknown."""

    arguments: tuple[str, ...] | None
    # "process", "unit", "kolla" or None
    source: str | None
    pid: int | None
    container: bool
    kolla: bool
    # The variables that oslo.config uses.
    environment: Mapping[str, str] = MappingProxyType({})


def observe(host: HostRoot, program: str, unit: str) -> Started:
    """Return how ``program`` is started: from its process if it runs, or else from its unit."""
    return next(each(host, program, unit))


def each(host: HostRoot, program: str, unit: str) -> Iterator[Started]:
    """Yield how each process of ``program`` is started; without a process, how the next one will be."""
    is_kolla = host.exists(f"{kolla.DIRECTORY}/{program}/config.json")
    runs = False
    for pid, running in processes(host, program):
        runs = True
        yield Started(running, "process", pid, is_contained(host, pid), is_kolla, _environment(host, pid))
    if not runs:
        yield _planned(host, program, unit, is_kolla)


def _planned(host: HostRoot, program: str, unit: str, is_kolla: bool) -> Started:
    if is_kolla:
        planned = _of_program(kolla.command(host, program), program)
        return Started(planned, "kolla" if planned else None, None, True, True)
    found = units.read(host, unit)
    if found is None or found.command is None:
        return Started(None, None, None, False, False)
    # An init script adds its own arguments.
    is_script = found.command[:1] == [f"/etc/init.d/{program}"]
    arguments = None if is_script else _of_program(found.command, program)
    return Started(arguments, "unit", None, False, False, _kept(found.environment))


def _environment(host: HostRoot, pid: int) -> dict[str, str]:
    words = (host.read(f"proc/{pid}/environ", optional=True) or "").split("\0")
    return _kept(dict(word.split("=", 1) for word in words if "=" in word))


def _kept(environment: Mapping[str, str]) -> dict[str, str]:
    variables = {one[0] for one in oslo.of_environment(environment)}
    return {name: value for name, value in environment.items() if name in KEPT or name in variables}


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
