# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Restore cards from their records after a boot, or when a card returns from a guest.

Each card is independent and has stages: mode and VFs, MIG layout, mediated devices and vGPUs. Each stage waits until
its requirements are met, while other cards continue. So a missing card does not delay others.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from .._core.problems import Refused
from .._host.records import DIRECTORY, RECORD_SUFFIX, recorded_cards
from .._host.root import HostError, HostRoot
from .instances import Instances
from .mig_layouts import Layouts
from .modes import Modes
from .records import NotRestorable

# Factor of the timeout for the lock, because another run may be changing all cards of the host.
LOCKED = 5
# In seconds: the wait before a refused card is tried again. Nothing was written, and its driver may not be ready yet.
PATIENCE = 1.0

UNCHANGED, RESTORED, FAILED = "unchanged", "restored", "failed"


class Stage(Protocol):
    """One record of one card; ``kind`` is the directory of such records, ``title`` is their name in log lines."""

    kind: str
    title: str

    def missing(self) -> str | None:
        """Return what it waits for as a sentence, or None."""

    def run(self, last: bool, check_mode: bool) -> tuple[list[str], list[str]]:
        """Return what was done and what failed, as sentences. Raises :class:`Refused` before the ``last`` attempt."""


class Result(NamedTuple):
    """The result of one stage of a card; ``done`` and ``problems`` are sentences."""

    card: str
    kind: str
    title: str
    outcome: str  # UNCHANGED, RESTORED or FAILED
    done: list[str]
    problems: list[str]


class _Card:
    """The stages of one card in order."""

    def __init__(self, host: HostRoot, name: str, stages: list[Stage], timeout: float, check_mode: bool) -> None:
        self.name = name
        self._host = host
        self._stages = stages
        self._timeout = timeout
        self._check_mode = check_mode
        self._deadline = host.now() + timeout
        self._next_try = -math.inf

    def advance(self) -> list[Result]:
        """Run the stages that are ready; return the results of those that ended."""
        results = []
        while self._stages:
            result = self._attempt(self._stages[0])
            if result is None:
                break
            results.append(result)
            self._stages = self._stages[1:]
            self._next_try = -math.inf
            # After a failed stage, its results will not appear, so later stages do not wait.
            self._deadline = self._host.now() + (0 if result.problems else self._timeout)
        return results

    @property
    def ended(self) -> bool:
        return not self._stages

    def _attempt(self, stage: Stage) -> Result | None:
        last = self._check_mode or self._host.now() >= self._deadline
        if not last and self._host.now() < self._next_try:
            return None
        done: list[str] = []
        try:
            if stage.missing() and not last:
                return None
            done, problems = stage.run(last, self._check_mode)
        except Refused as refused:
            if not last and not isinstance(refused, NotRestorable):
                self._next_try = self._host.now() + PATIENCE
                return None
            problems = refused.problems
        except HostError as error:
            problems = [str(error)]
        except Exception:
            # An error of one card must not prevent the restoration of others.
            problems = [f"this is a bug in vfio.devices: {traceback.format_exc()}"]
        outcome = FAILED if problems else RESTORED if done else UNCHANGED
        return Result(self.name, stage.kind, stage.title, outcome, done, problems)


def restore(host: HostRoot, card: str | None = None, timeout: float = 60.0, check_mode: bool = False) -> list[Result]:
    """Restore all cards that have a record, or only ``card``; each stage waits up to ``timeout`` seconds.

    Cards in use stay unchanged. A single ``card`` also waits for the end of its use, because it returns from a guest a
    moment before the guest's domain disappears.

    Returns a result for each stage. Check mode neither waits nor changes anything. Raises HostError if another run
    holds the lock for too long.
    """
    if not check_mode:
        host.lock(timeout * LOCKED)
    cards = [
        _Card(host, name, stages, timeout, check_mode)
        for name, stages in _stages(host, patient=card is not None).items()
        if card in (None, name)
    ]
    results: list[Result] = []

    def advance() -> bool:
        for one in cards:
            results.extend(one.advance())
        return all(one.ended for one in cards)

    # Each card has its own deadline.
    host.wait(advance, math.inf)
    return sorted(results, key=lambda result: result.card)


class _Unreadable:
    """A file that is not a record."""

    def __init__(self, kind: str, title: str, path: str) -> None:
        self.kind = kind
        self.title = title
        self._path = path

    def missing(self) -> str | None:
        return None

    def run(self, last: bool, check_mode: bool) -> tuple[list[str], list[str]]:
        raise NotRestorable(
            [f"/{self._path} is not a record of this collection. Run the play again, or remove the file"]
        )


def _stages(host: HostRoot, patient: bool) -> dict[str, list[Stage]]:
    stages: dict[str, list[Stage]] = {}
    of_kinds: tuple[tuple[type[Stage], Iterable[Modes | Layouts | Instances]], ...] = (
        (Modes, Modes.observe(host, patient)),
        (Layouts, Layouts.observe(host)),
        (Instances, Instances.observe(host)),
    )
    for stage_class, found in of_kinds:
        kind = stage_class.kind
        records: dict[str, Stage] = {stage.card: stage for stage in found}
        for card in recorded_cards(host, kind):
            path = f"{DIRECTORY}/{kind}/{card}{RECORD_SUFFIX}"
            stages.setdefault(card, []).append(records.get(card) or _Unreadable(kind, stage_class.title, path))
    return stages
