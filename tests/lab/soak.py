# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the guest, switch cards and create and remove devices many times, then search for leftovers.

Prints what was done with its duration. Exits with 1, and leftovers on stderr, if the guest or its kernel log differ
from before.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import runs

CARDS = ("0000:41:00.0", "0000:81:00.0")
SWITCHES = 100
DEVICES = 500
AT_ONCE = 20
VFS = 1
WARNING = 4
# Kernel messages of an emulated CPU that had to wait for a real one.
SLOW = ("hrtimer: interrupt took", "clocksource: ")


def main() -> int:
    """Run everything and return the exit status."""
    log = Log()
    before = dict(leftovers())
    for what, rounds in (
        (f"{SWITCHES} switches of a card between whole passthrough and {VFS} virtual function", switch_cards()),
        (f"{DEVICES} mediated devices made and removed, {AT_ONCE} at a time", make_devices()),
    ):
        begin = time.monotonic()
        for _round in rounds:
            log.read()
        print(f"{what}: {time.monotonic() - begin:.0f} s", flush=True)
    after = dict(leftovers())
    problems = [
        f"{what}: was {before.get(what)}, is {after.get(what)}"
        for what in sorted(before.keys() | after.keys())
        if before.get(what) != after.get(what)
    ]
    problems += [f"the kernel says: {line}" for line in log.warnings]
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


def switch_cards() -> Iterator[None]:
    """Switch both cards together several times, and finally to their original mode."""
    for _round in range(SWITCHES // (2 * len(CARDS))):
        runs.sriov_pf_mode(*({"pf": card, "mode": "vf", "num_vfs": f"{VFS}"} for card in CARDS))
        runs.sriov_pf_mode(*({"pf": card, "mode": "pf"} for card in CARDS))
        yield
    runs.sriov_pf_mode(*({"pf": card, "mode": "vf", "num_vfs": "0"} for card in CARDS), persist=False)


def make_devices() -> Iterator[None]:
    """Create several devices together, of two types in turn, each with a definition and a record."""
    for number in range(DEVICES // AT_ONCE):
        if number % 2:
            wanted = [{"parent": "mtty", "type": ["mtty-1"], "count": f"{AT_ONCE}"}]
        else:
            wanted = [
                {"parent": "mtty", "type": ["mtty-2"], "count": f"{AT_ONCE // 2}"},
                {"parent": "mbochs", "type": ["mbochs-small"], "count": f"{AT_ONCE // 2}"},
            ]
        runs.mdev_instance(*wanted)
        runs.mdev_instance({"parent": "mtty"}, {"parent": "mbochs"}, state="absent")
        yield


def leftovers() -> Iterator[tuple[str, object]]:
    """Yield everything that a run may leave behind, with its name."""
    functions = Path("/sys/bus/pci/devices")
    for function in functions.iterdir():
        yield f"{function.name} driver", (function / "driver").resolve().name
        yield f"{function.name} driver_override", (function / "driver_override").read_text()
    for card in CARDS:
        for name in ("sriov_numvfs", "sriov_drivers_autoprobe"):
            yield f"{card} {name}", (functions / card / name).read_text()
    for counter in Path("/sys/class/mdev_bus").glob("*/mdev_supported_types/*/available_instances"):
        yield str(counter), counter.read_text()
    groups = Path("/sys/kernel/iommu_groups").glob("*/devices/*")
    yield "devices with a group", sorted(device.name for device in groups)
    for directory in ("/sys/bus/mdev/devices", "/dev/vfio", "/sys/class/net"):
        yield directory, sorted(os.listdir(directory))
    for directory in ("/etc/mdevctl.d", "/etc/vfio-devices", "/run/vfio-devices", "/etc/udev/rules.d"):
        files = (path for path in Path(directory).rglob("*") if path.is_file() and path.name != "lock")
        yield directory, sorted(map(str, files))


class Log:
    """Reads the kernel log from now on; ``warnings`` are different messages of this level or worse."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.descriptor, 0, os.SEEK_END)

    def read(self) -> None:
        """Read new messages before the kernel drops them."""
        with contextlib.suppress(BlockingIOError):
            while True:
                head, text = os.read(self.descriptor, 8192).decode(errors="replace").split(";", 1)
                line = text.splitlines()[0]
                # The lower three bits of the first number are the level (Documentation/ABI/testing/dev-kmsg).
                if int(head.split(",")[0]) & 7 <= WARNING and line not in self.warnings and not line.startswith(SLOW):
                    self.warnings.append(line)


if __name__ == "__main__":
    sys.exit(main())
