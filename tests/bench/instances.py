# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""mdev_instance for many devices at once, beside a loop of such tasks and beside a loop of the shell."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from tests.simhost import mounting

from . import tasks, times

ROUNDS = 7
DEVICES = 128
# The whole loop would take a minute in each turn, and its items take equally long.
LOOPED = 16

PARENT, TYPE = "mdpy", "mdpy-vga"
PROFILE = {"parents": [{"types": "mdpy", "name": PARENT, "path": "sys/devices/virtual/mdpy/mdpy", "capacity": DEVICES}]}
UUIDS = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.example.com")) for number in range(DEVICES)]

MAKE, AGAIN, BRIEFLY = f"task mdev_instance, {DEVICES} devices", "the same again, unchanged", "with persist: false"
LOOP, SHELL, PING = f"loop of {LOOPED} tasks mdev_instance", f"shell loop of {DEVICES} writes", "task ping"

# How long it took to start the shell is not counted.
SHELL_LOOP = """\
begin=${EPOCHREALTIME/[.,]/}
for uuid in $UUIDS; do
    echo "$uuid" >"$TYPE/create"
done
took=$((${EPOCHREALTIME/[.,]/} - begin))
printf '["%s", %d.%06d]\\n' "$NAME" $((took / 1000000)) $((took % 1000000)) >>"$DURATIONS"
"""


def main() -> None:
    """Measure on one mounted host."""
    # Where the mount's daemon runs on another processor, each call to it takes up to three times as long, by chance.
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    with tempfile.TemporaryDirectory() as directory:
        profile, fleet = Path(directory, "host.yml"), Path(directory, "fleet")
        profile.write_text(json.dumps(PROFILE))
        mounting.mount(fleet, [str(profile)])
        try:
            show(tasks.measure(turn(fleet / "host"), ROUNDS))
        finally:
            mounting.unmount(fleet)


def turn(root: Path) -> list[dict[str, Any]]:
    """The tasks of one turn; each but the second run starts on a host without devices."""
    reset = {
        "ansible.builtin.shell": {
            "cmd": f"{sys.executable} -m tests.simhost reboot {root} && rm -rf {root}/etc/vfio-devices "
            f"{root}/etc/mdevctl.d/{PARENT}",
            "chdir": str(mounting.CHECKOUT),
        }
    }
    many = {"type": TYPE, "parent": PARENT, "count": DEVICES}
    one = {"type": TYPE, "parent": PARENT, "uuid": "{{ item }}"}
    shell = {"cmd": SHELL_LOOP, "executable": "/bin/bash"}
    kind = f"{root}/sys/class/mdev_bus/{PARENT}/mdev_supported_types/{TYPE}"
    return [
        reset,
        {"name": MAKE, **converge(root, many)},
        {"name": AGAIN, **converge(root, many)},
        reset,
        {"name": BRIEFLY, **converge(root, many, persist=False)},
        reset,
        {"name": LOOP, **converge(root, one), "loop": UUIDS[:LOOPED]},
        reset,
        {
            "ansible.builtin.shell": shell,
            "environment": {"UUIDS": " ".join(UUIDS), "TYPE": kind, "NAME": SHELL},
        },
        {"name": PING, "ansible.builtin.ping": {}},
    ]


def converge(root: Path, instance: dict[str, Any], **options: Any) -> dict[str, Any]:
    """A task mdev_instance."""
    return {"vfio.devices.mdev_instance": {"instances": [instance], "host_root": str(root), **options}}


def show(measured: times.Times) -> None:
    """The table."""
    print(f"\n{DEVICES} devices on one mounted host, all on one processor; medians of {ROUNDS} turns (middle half)")
    times.show(measured)
    print(f"  a loop of {DEVICES} tasks is taken to last {DEVICES // LOOPED} times as long as that of {LOOPED}")
    shell = times.added(measured[SHELL], measured[PING])
    times.compare("loop of tasks / one task", measured[LOOP], measured[MAKE], ">= 60", DEVICES / LOOPED)
    times.compare("one task / (shell loop + ping)", measured[MAKE], shell, "<= 1.5")
    times.compare("one task with persist: false / the same", measured[BRIEFLY], shell)
    times.compare("second run / ping", measured[AGAIN], measured[PING])


if __name__ == "__main__":
    main()
