# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the guest, compare our tools with others: effects on a device in use, and the time to create twelve devices.

Prints two tables in Markdown. Our tool is the engine in a new Python process without Ansible.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import runs
from .holder import hold
from .machine import wait

COUNT = 12
ROUNDS = 3
HELD_SECONDS = (5, 10)
PATIENCE = 60.0
DEVICES = Path("/sys/bus/mdev/devices")
UUIDS = [f"6b1f5f0a-0000-4000-8000-{number:012x}" for number in range(COUNT)]
XML = (
    "<device><parent>mtty_mtty</parent><capability type='mdev'>"
    "<type id='mtty-2'/><uuid>{uuid}</uuid></capability></device>"
)


def main() -> None:
    """Run the measurements and print the tables."""
    versions = [_said(["uname", "-r"]), _said(["mdevctl", "--version"]), f"libvirt {_said(['virsh', '--version'])}"]
    print(f"{', '.join(versions)}\n")
    print("| Removing a device in use | " + " | ".join(f"holder goes after {n} s" for n in HELD_SECONDS) + " |")
    print("|---|" + "---|" * len(HELD_SECONDS))
    for name, attempt in (("`echo 1 > remove`", _write), ("`mdevctl stop`", _mdevctl_stop), ("ours", _ours_refuses)):
        print(f"| {name} | " + " | ".join(held(attempt, seconds) for seconds in HELD_SECONDS) + " |", flush=True)
    print(f"\n| {COUNT} devices, median of {ROUNDS} | make | remove |\n|---|---|---|")
    pairs = (
        (f"{COUNT} times `mdevctl start`, `mdevctl stop`", _mdevctl_starts, _mdevctl_stops),
        (f"{COUNT} times `virsh nodedev-create`, `nodedev-destroy`", _virsh_creates, _virsh_destroys),
        ("ours once, with definitions and read back", _ours_makes, _ours_removes),
    )
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name, _make, _remove in pairs}
    _said(["virsh", "nodedev-list"])  # starts its daemon
    for _round in range(ROUNDS):
        for name, make, remove in pairs:
            seconds[name].append((timed(make, COUNT), timed(remove, 0)))
    for name, measured in seconds.items():
        made, removed = (statistics.median(part) for part in zip(*measured))
        print(f"| {name} | {made:.1f} s | {removed:.1f} s |")


def timed(action: Callable[[], None], left: int) -> float:
    """Return the seconds of an action after which ``left`` devices must exist."""
    begin = time.monotonic()
    action()
    took = time.monotonic() - begin
    there = len(os.listdir(DEVICES))
    if there != left:
        raise SystemExit(f"{left} devices were to be there and {there} are")
    return took


def held(attempt: Callable[[str], str], seconds: int) -> str:
    """Return the effect and duration of an attempt to remove a device that a process holds for ``seconds``."""
    (uuid, *_others) = UUIDS
    runs.mdev_instance({"parent": "mtty", "type": ["mtty-2"], "uuid": uuid}, persist=False)
    group = os.path.basename(os.readlink(DEVICES / uuid / "iommu_group"))
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        hold(group, uuid)
        os.write(writer, b"held")
        # This duration is a parameter of the measurement, and not a wait for a condition.
        time.sleep(seconds)
        os._exit(0)
    os.read(reader, 4)
    begin = time.monotonic()
    what = attempt(uuid)
    took = time.monotonic() - begin
    os.waitpid(process, 0)
    os.close(reader)
    os.close(writer)
    if (DEVICES / uuid).exists():
        runs.mdev_instance({"parent": "mtty"}, state="absent", persist=False)
    return f"{what} after {took:.1f} s"


def _write(uuid: str) -> str:
    (DEVICES / uuid / "remove").write_text("1", encoding="ascii")
    return "returned"


def _mdevctl_stop(uuid: str) -> str:
    subprocess.run(["mdevctl", "stop", "--uuid", uuid], check=True)
    return "returned"


def _ours_refuses(uuid: str) -> str:
    try:
        runs.mdev_instance({"uuid": uuid}, state="absent", persist=False)
    except runs.Failed as refused:
        assert "python3" in str(refused) and (DEVICES / uuid / "mdev_type").exists(), refused
        return "refused"
    raise SystemExit("a device in use was removed")


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _mdevctl_starts() -> None:
    for uuid in UUIDS:
        _said(["mdevctl", "start", "--uuid", uuid, "--parent", "mtty", "--type", "mtty-2"])


def _mdevctl_stops() -> None:
    for uuid in UUIDS:
        _said(["mdevctl", "stop", "--uuid", uuid])


def _virsh_creates() -> None:
    for uuid in UUIDS:
        description = XML.format(uuid=uuid)
        subprocess.run(
            ["virsh", "nodedev-create", "/dev/stdin"], input=description, capture_output=True, text=True, check=True
        )
    # The command returns before the last device is in libvirt's list, and then it could not be destroyed.
    if not wait(lambda: _said(["virsh", "nodedev-list", "--cap", "mdev"]).count("mdev_") == COUNT, PATIENCE):
        raise SystemExit(f"libvirt does not list {COUNT} devices within {PATIENCE:.0f} s")


def _virsh_destroys() -> None:
    for uuid in UUIDS:
        _said(["virsh", "nodedev-destroy", f"mdev_{uuid.replace('-', '_')}_mtty"])


def _ours_makes() -> None:
    _ours(f"{{'parent': 'mtty', 'type': ['mtty-2'], 'count': '{COUNT}'}}")


def _ours_removes() -> None:
    _ours("{'parent': 'mtty'}, state='absent'")


def _ours(arguments: str) -> None:
    _said([sys.executable, "-c", f"from {runs.__name__} import mdev_instance; mdev_instance({arguments})"])


if __name__ == "__main__":
    main()
