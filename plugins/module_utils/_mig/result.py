# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the result of mig_layout in the documented form; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional, TypedDict

from .._devices.mig import Gpu
from .._host.records import shown_record
from .._run.mig_facts import State, as_facts
from .actions import Outcome
from .plan import Plan, describe, predict
from .records import Change


class Entry(TypedDict):
    pf: str
    item: int
    action: str
    before: State
    after: Optional[State]
    done: list[str]
    busy: list[str]
    error: Optional[str]


class Diff(TypedDict):
    """The mode and the number of instances per profile, by address of the changed GPU."""

    before: dict[str, dict[str, object]]
    after: dict[str, dict[str, object]]


class Result(TypedDict):
    changed: bool
    gpus: list[Entry]
    failures: list[str]
    diff: Diff


def report(
    plans: list[Plan], busy: dict[str, list[str]], outcomes: dict[str, Outcome], kept: Mapping[str, Change]
) -> Result:
    """Return the result; ``busy``, ``outcomes`` and the changed records ``kept`` are by GPU.

    In check mode, ``outcomes`` is empty.
    """
    entries = [_entry(one, busy.get(one.wanted.pf, []), outcomes.get(one.wanted.pf)) for one in plans]
    failures = [f"{entry['pf']}: {entry['error']}" for entry in entries if entry["error"]]
    changed = bool(kept) or any(entry["done"] for entry in entries)
    diff = Diff(
        before={entry["pf"]: _shown(entry["before"]) for entry in entries if entry["done"]},
        after={entry["pf"]: _shown(entry["after"]) for entry in entries if entry["done"]},
    )
    for entry in entries:
        address = entry["pf"]
        if address in kept and not entry["done"]:
            for side, record in ((diff["before"], kept[address].old), (diff["after"], kept[address].new)):
                side[address] = {"record": shown_record(record)}
    return {"changed": changed, "gpus": entries, "failures": failures, "diff": diff}


def _entry(one: Plan, busy: list[str], outcome: Optional[Outcome]) -> Entry:
    after: Optional[Gpu] = one.gpu
    done: list[str] = []
    if outcome is not None:
        after, done = outcome.after, list(outcome.done)
    elif not busy:
        after, done = predict(one), [describe(step) for step in one.steps]
    action = "changed" if done else "unchanged"
    if busy:
        action = "busy"
    if outcome and outcome.error:
        action = "restored" if outcome.restored else "failed"
    return {
        "pf": one.wanted.pf,
        "item": one.wanted.item,
        "action": action,
        "before": as_facts(one.gpu),
        "after": as_facts(after) if after else None,
        "done": done,
        "busy": busy,
        "error": outcome.error if outcome else None,
    }


def _shown(gpu: Optional[State]) -> dict[str, object]:
    """Return mode and number of instances per profile."""
    if gpu is None:
        return {}
    counts: dict[str, int] = {}
    for instance in gpu["instances"]:
        counts[instance["profile"]] = counts.get(instance["profile"], 0) + 1
    return {"mig": "enabled" if gpu["enabled"] else "disabled", "layout": counts}
