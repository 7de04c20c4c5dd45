# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""sriov_pf_mode for many cards in one task, beside one task a card; and its own time beside that of the kernel."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tests.simhost import mounting

from . import tasks, times

ROUNDS = 3
CARDS = 16
# The whole loop would take half a minute in each turn, and its items take equally long.
LOOPED = 4
FEW, MANY = 2, 4
# Seconds that a card takes for a switch on or off: with a tenth of what was measured on hardware the run stays short.
KERNEL = 0.1
CARD = {
    "address": "0000:10:00.0",
    "vendor": "8086",
    "device": "159b",
    "class_code": "020000",
    "driver": "ice",
    "copies": CARDS,
    "sriov": {"total": 64, "offset": 8, "stride": 1, "device": "1889", "driver": "iavf"},
}
PROFILE = {"functions": [CARD], "drivers": {"ice": {"delay_on": KERNEL, "delay_off": KERNEL}}}
ADDRESSES = [f"0000:{0x10 + 4 * number:02x}:00.0" for number in range(CARDS)]

ONE, AGAIN, LOOP = f"one task, {CARDS} cards", "the same again, unchanged", f"loop of {LOOPED} tasks, one card each"
PING = "task ping"


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
    """The tasks of one turn; each changes the number of VFs of every card, but for the second run."""
    looped = converge(root, ["{{ item }}"], MANY)
    return [
        converge(root, ADDRESSES, MANY),
        {"name": ONE, **converge(root, ADDRESSES, FEW)},
        {"name": AGAIN, **converge(root, ADDRESSES, FEW)},
        {"name": LOOP, **looped, "loop": ADDRESSES[:LOOPED]},
        {"name": PING, "ansible.builtin.ping": {}},
    ]


def converge(root: Path, addresses: list[str], number: int) -> dict[str, Any]:
    """A task sriov_pf_mode."""
    functions = [{"pf": address, "mode": "vf", "num_vfs": number} for address in addresses]
    return {"vfio.devices.sriov_pf_mode": {"functions": functions, "host_root": str(root)}}


def show(measured: times.Times) -> None:
    """The table."""
    print(f"\n{CARDS} cards on one mounted host, all on one processor; medians of {ROUNDS} turns (middle half)")
    times.show(measured)
    # Off and on again.
    kernel = CARDS * 2 * KERNEL
    print(f"  the kernel's part of a change of all cards is {kernel:g} s")
    print(f"  a loop of {CARDS} tasks is taken to last {CARDS // LOOPED} times as long as that of {LOOPED}")
    times.compare("loop of tasks / one task", measured[LOOP], measured[ONE], factor=CARDS / LOOPED)
    own = [one - kernel - ping for one, ping in zip(measured[ONE], measured[PING], strict=True)]
    times.compare("own seconds for each switch", own, [1.0] * len(own), "<= 0.5", 1 / CARDS)
    times.compare("second run / ping", measured[AGAIN], measured[PING])


if __name__ == "__main__":
    main()
