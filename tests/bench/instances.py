# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare mdev_instance for many devices with a loop of such tasks, and with a shell loop."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

from tests.simhost import mounting

from . import findings, mounted, tasks, times
from .findings import Curve, Effort, Findings

ROUNDS = 7
GROWING_ROUNDS = 5
DEVICES = 128
# The whole loop would take a minute per turn, and all items take equally long.
LOOPED = 16

PARENT, TYPE = "mdpy", "mdpy-vga"
HOST = {"parents": [{"types": "mdpy", "name": PARENT, "path": "sys/devices/virtual/mdpy/mdpy", "capacity": DEVICES}]}
UUIDS = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.example.com")) for number in range(DEVICES)]

MAKE, AGAIN, BRIEFLY = "one task mdev_instance", "the same again, unchanged", "with persist: false"
LOOP, SHELL, PING = "loop of tasks mdev_instance", "shell loop of writes", "task ping"

# The time to start the shell is not included.
SHELL_LOOP = """\
begin=${EPOCHREALTIME/[.,]/}
for uuid in $UUIDS; do
    echo "$uuid" >"$TYPE/create"
done
took=$((${EPOCHREALTIME/[.,]/} - begin))
printf '["%s", %d.%06d]\\n' "$NAME" $((took / 1000000)) $((took % 1000000)) >>"$DURATIONS"
"""


def measure(effort: Effort) -> Findings:
    """Measure one mounted host."""
    turns = effort.turns(ROUNDS)
    devices, looped = (4, 1) if effort.quick else (DEVICES, LOOPED)
    with mounted.host_on_one_processor(HOST) as root:
        measured = tasks.measure(turn(root, devices, looped), turns)
        times.note(f"\n{devices} devices on one host, all on one processor; medians of {turns} turns (middle half)")
        times.show(measured)
        times.note(f"  a loop of {looped} tasks is timed, and one of {devices} taken to last in proportion")
        curve = grow(root, effort)
    shell = times.added(measured[SHELL], measured[PING])
    loop = times.ratios(measured[LOOP], measured[MAKE], devices / looped)
    again = times.ratios(measured[AGAIN], measured[PING])
    return Findings(
        [
            findings.figure(f"loop of {devices} tasks mdev_instance / one task", loop, ">= 60"),
            findings.figure("one task / (shell loop + task ping)", times.ratios(measured[MAKE], shell), "<= 1.5"),
            findings.figure("one task with persist: false / the same", times.ratios(measured[BRIEFLY], shell)),
            findings.figure("the same again, unchanged / task ping", again),
        ],
        [curve],
    )


def grow(root: Path, effort: Effort) -> Curve:
    """Measure the creation of devices on an empty host and a second run, for several numbers of devices."""
    sizes = effort.sizes([1, 32, 64, 96, DEVICES], [4])
    turn: list[dict[str, Any]] = [{"name": PING, "ansible.builtin.ping": {}}]
    for size in sizes:
        task = converge(root, {"type": TYPE, "parent": PARENT, "count": size})
        turn += [reset(root), {"name": f"made {size}", **task}, {"name": f"unchanged {size}", **task}]
    measured = tasks.measure(turn, effort.turns(GROWING_ROUNDS))
    times.show(measured)
    lines: dict[str, list[tuple[float, float]]] = {
        what: [(size, times.ratio(measured[f"{what} {size}"], measured[PING])) for size in sizes]
        for what in ("made", "unchanged")
    }
    return Curve("devices", "One task mdev_instance", "devices", "times a task ping", lines)


def reset(root: Path) -> dict[str, Any]:
    """Return a task that removes all devices of the host."""
    return {
        "ansible.builtin.shell": {
            "cmd": f"{sys.executable} -m tests.simhost reboot {root} && rm -rf {root}/etc/vfio-devices "
            f"{root}/etc/mdevctl.d/{PARENT}",
            "chdir": str(mounting.CHECKOUT),
        }
    }


def turn(root: Path, devices: int, looped: int) -> list[dict[str, Any]]:
    """Return the tasks of one turn; all except the second run start on a host without devices."""
    many = {"type": TYPE, "parent": PARENT, "count": devices}
    one = {"type": TYPE, "parent": PARENT, "uuid": "{{ item }}"}
    shell = {"cmd": SHELL_LOOP, "executable": "/bin/bash"}
    kind = f"{root}/sys/class/mdev_bus/{PARENT}/mdev_supported_types/{TYPE}"
    return [
        reset(root),
        {"name": MAKE, **converge(root, many)},
        {"name": AGAIN, **converge(root, many)},
        reset(root),
        {"name": BRIEFLY, **converge(root, many, persist=False)},
        reset(root),
        {"name": LOOP, **converge(root, one), "loop": UUIDS[:looped]},
        reset(root),
        {
            "ansible.builtin.shell": shell,
            "environment": {"UUIDS": " ".join(UUIDS[:devices]), "TYPE": kind, "NAME": SHELL},
        },
        {"name": PING, "ansible.builtin.ping": {}},
    ]


def converge(root: Path, instance: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return a task with mdev_instance."""
    return {"vfio.devices.mdev_instance": {"instances": [instance], "host_root": str(root), **options}}
