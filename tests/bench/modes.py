# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare sriov_pf_mode for many cards with a task per card, and its own time with that of the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import findings, mounted, tasks, times
from .findings import Effort, Findings

ROUNDS = 3
CARDS = 16
# The whole loop would take half a minute per turn, and all items take equally long.
LOOPED = 4
FEW, MANY = 2, 4
# In seconds: the time of a card to enable or disable VFs, a tenth of real hardware to keep the run short.
KERNEL = 0.1
CARD = {
    "address": "0000:10:00.0",
    "vendor": "8086",
    "device": "159b",
    "class_code": "020000",
    "driver": "ice",
    "sriov": {"total": 64, "offset": 8, "stride": 1, "device": "1889", "driver": "iavf"},
}
DRIVERS = {"ice": {"delay_on": KERNEL, "delay_off": KERNEL}}
ADDRESSES = [f"0000:{0x10 + 4 * number:02x}:00.0" for number in range(CARDS)]

ONE, AGAIN, LOOP = "one task sriov_pf_mode", "the same again, unchanged", "loop of tasks, one card each"
PING = "task ping"


def measure(effort: Effort) -> Findings:
    """Measure one mounted host."""
    turns = effort.turns(ROUNDS)
    cards, looped = (2, 1) if effort.quick else (CARDS, LOOPED)
    with mounted.host_on_one_processor({"functions": [{**CARD, "copies": cards}], "drivers": DRIVERS}) as root:
        measured = tasks.measure(turn(root, ADDRESSES[:cards], looped), turns)
    times.note(f"\n{cards} cards on one mounted host, all on one processor; medians of {turns} turns (middle half)")
    times.show(measured)
    # Disable and enable.
    kernel = cards * 2 * KERNEL
    times.note(f"  the kernel's part of a change of all cards is {kernel:g} s")
    times.note(f"  a loop of {looped} tasks is timed, and one of {cards} taken to last in proportion")
    own = [(one - kernel - ping) / cards for one, ping in zip(measured[ONE], measured[PING], strict=True)]
    loop = times.ratios(measured[LOOP], measured[ONE], cards / looped)
    return Findings(
        [
            findings.figure(f"loop of {cards} tasks sriov_pf_mode / one task", loop),
            findings.figure("own seconds for each switch", own, "<= 0.5"),
            findings.figure("the same again, unchanged / task ping", times.ratios(measured[AGAIN], measured[PING])),
        ]
    )


def turn(root: Path, addresses: list[str], looped: int) -> list[dict[str, Any]]:
    """Return the tasks of one turn; all except the second run change the number of VFs of every card."""
    each = {**converge(root, ["{{ item }}"], MANY), "loop": addresses[:looped]}
    return [
        converge(root, addresses, MANY),
        {"name": ONE, **converge(root, addresses, FEW)},
        {"name": AGAIN, **converge(root, addresses, FEW)},
        {"name": LOOP, **each},
        {"name": PING, "ansible.builtin.ping": {}},
    ]


def converge(root: Path, addresses: list[str], number: int) -> dict[str, Any]:
    """Return a task with sriov_pf_mode."""
    functions = [{"pf": address, "mode": "vf", "num_vfs": number} for address in addresses]
    return {"vfio.devices.sriov_pf_mode": {"functions": functions, "host_root": str(root)}}
