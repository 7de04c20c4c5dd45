# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the steps of placement_inventory, and plan providers again that other clients have changed meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any, Callable, TypeVar

from .._core import progress
from . import trees
from .api import Placement
from .errors import PlacementError
from .model import Attempt, Identity, Listed, Plan, PlanOptions, Provider, Shown, Step
from .provider import identity, plan_again, show_provider, shrinks
from .responses import words

Value = TypeVar("Value")


class Outcome:
    """The result of all steps so far, after success and failure.

    ``unsure``: whether it is unknown if a resource class or trait was created.
    """

    def __init__(self) -> None:
        self.done: list[Attempt] = []
        self.failed: list[Attempt] = []
        self.classes: list[str] = []
        self.traits: list[str] = []
        self.retries = 0
        self.unsure = False

    @property
    def changed(self) -> bool:
        """Return whether anything was or may have been written."""
        named = self.unsure or self.classes or self.traits
        return bool(named or self.done or any(step["writes"] for step in self.failed))


def apply_plan(
    placement: Placement,
    pool: ThreadPoolExecutor,
    planned: Plan,
    options: PlanOptions,
    report_progress: progress.Reporter = progress.silent,
) -> Outcome:
    """Create classes and traits, remove providers from the leaves up, then write providers from the roots down.

    If a step fails, steps that depend on it are skipped: providers below it, or providers above it for removals.
    """
    work = _Work(placement, options)
    number = len(planned["removals"]) + len(planned["steps"])
    work.report_progress = lambda: report_progress(
        "providers written", len(work.outcome.done) + len(work.outcome.failed), number
    )
    work.make_names(pool, planned)
    work.each_depth(pool, planned["removals"], work.remove, lambda step, failed: failed["parent"] == step["uuid"])
    work.each_depth(pool, planned["steps"], work.bring, lambda step, failed: step["parent"] == failed["uuid"])
    return work.outcome


def predict(planned: Plan) -> Outcome:
    """Return the outcome of :func:`apply_plan` if no other client interferes."""
    outcome = Outcome()
    outcome.classes, outcome.traits = planned["classes"], planned["traits"]
    for step in [*planned["removals"], *planned["steps"]]:
        outcome.done.append({**step, "error": None, "writes": 1, "unsure": False, "actual": step["after"]})
    return outcome


class _Work:
    def __init__(self, placement: Placement, options: PlanOptions) -> None:
        self.placement = placement
        self.options = options
        self.tries = options["tries"]
        self.outcome = Outcome()
        self.stopped: str | None = None
        self.report_progress: Callable[[], None] = lambda: None

    def make_names(self, pool: ThreadPoolExecutor, planned: Plan) -> None:
        """Create classes and traits. One that exists already is not an error, so no plan is needed."""
        placement = self.placement
        for names, make, exists, made in (
            (planned["classes"], placement.make_class, lambda name: name in placement.known_classes(), "classes"),
            (planned["traits"], placement.make_trait, lambda name: bool(placement.known_traits([name])), "traits"),
        ):
            work = pool.map(lambda name, make=make, exists=exists: self._make(make, exists, name), names)
            getattr(self.outcome, made).extend(name for name, new in zip(names, work) if new)

    def each_depth(
        self,
        pool: ThreadPoolExecutor,
        steps: list[Step],
        act: Callable[[Attempt], None],
        hangs_on: Callable[[Step, Attempt], bool],
    ) -> None:
        for _depth, level in groupby(steps, key=lambda step: step["depth"]):
            ready = []
            for step in level:
                cause = next((failed for failed in self.outcome.failed if hangs_on(step, failed)), None)
                if cause:
                    self.outcome.failed.append(_unchanged(step, f"{cause['name']} failed"))
                else:
                    ready.append(step)
            for attempt in pool.map(lambda step: self._attempt(act, step), ready):
                (self.outcome.failed if attempt["error"] else self.outcome.done).append(attempt)
                self.report_progress()

    def _attempt(self, act: Callable[[Attempt], None], step: Step) -> Attempt:
        if self.stopped:
            return _unchanged(step, self.stopped)
        attempt: Attempt = {**step, "error": None, "writes": 0, "unsure": False, "actual": step["before"]}
        try:
            _call(act, attempt)
        except PlacementError as error:
            attempt["error"] = f"{step['name']}: {error}"
            if error.final:
                self.stopped = str(error)
            if attempt["unsure"]:
                self._find_out(attempt)
        return attempt

    def _make(self, make: Callable[[str], bool], exists: Callable[[str], bool], name: str) -> bool:
        unsure = False
        for attempt in range(1, self.tries + 1):
            if self.stopped:
                break
            try:
                return _call(make, name) or unsure
            except PlacementError as error:
                unsure = unsure or error.unclear or error.foreign
                again = attempt < self.tries and (error.conflict or error.unclear)
                if not again or not self.placement.clock.pause(attempt, error.wait):
                    self.stopped = str(error)
        if not unsure:
            return False
        try:
            return _call(exists, name)
        except PlacementError:
            self.outcome.unsure = True
            return False

    def remove(self, step: Attempt) -> None:
        for attempt in range(1, self.tries + 1):
            try:
                self.placement.delete(step["uuid"])
                break
            except PlacementError as error:
                # A repeated attempt may also find that the provider is missing.
                step["unsure"] = step["unsure"] or error.conflict
                self._again(step, error, attempt)
        step["writes"], step["actual"] = 1, None

    def bring(self, step: Attempt) -> None:
        """Write the step. After a conflict or an unknown result, read the provider and plan again.

        Only consecutive failures without a write between them count: if many clients write to one provider, each needs
        several attempts.
        """
        now: Step | None = step
        failures = 0
        while now:
            written = step["writes"]
            try:
                self._write(step, now)
                return
            except PlacementError as error:
                failures = 1 if step["writes"] > written else failures + 1
                self._again(step, error, failures)
            now = self._replan(step)

    def _again(self, step: Attempt, error: PlacementError, attempt: int) -> None:
        """Wait before the next attempt; raise PlacementError if there is none."""
        step["unsure"] = step["unsure"] or error.unclear or error.foreign
        if not (error.conflict or error.unclear):
            raise error
        if attempt == self.tries or not self.placement.clock.pause(attempt, error.wait):
            dead = error.unclear and error.status is None
            given_up = f"given up after {attempt} tries: {error}" if attempt > 1 else f"given up after 1 try: {error}"
            raise PlacementError(given_up, mine=not dead) from error
        self.outcome.retries += 1

    def _find_out(self, step: Attempt) -> None:
        """Find out whether a step succeeded whose last write has an unknown result."""
        try:
            known = _call(self.placement.provider, step["uuid"])
            self._settle(step, _call(trees.read_one, self.placement, known) if known else None)
        except PlacementError:
            step["writes"] += 1
            step["error"] = f"{step['error']}. Placement may still have completed the change. Run the play again"

    def _settle(self, step: Attempt, provider: Provider | None) -> None:
        """Record the current state of a step with an unknown result; a removal is done if the provider is missing."""
        step["unsure"] = False
        parent = (step["before"] or step["after"] or {}).get("parent")
        actual = show_provider(provider, parent) if provider else None
        if actual and step["before"]:
            actual = {field: actual[field] for field in step["before"]}
        is_removal = step["action"] == "remove"
        # A removal that was rejected has written nothing, even if another client has changed the provider.
        has_written = actual is None if is_removal else actual != step["before"]
        if has_written:
            step["writes"] += 1
            step["actual"] = actual
        if has_written and is_removal:
            step["error"] = None

    def _write(self, step: Attempt, now: Step) -> None:
        """Write a provider. ``step`` records the progress; ``now`` may be a newer plan for the same provider."""
        uuid, generation = now["uuid"], now["generation"]
        if now["action"] == "create":
            generation = self.placement.create(uuid, now["name"], now["parent"])
            self._note(step, now, {"inventories": {}, "traits": []})
        if now["former"]:
            self.placement.rename(uuid, now["name"])
            step["writes"] += 1
        # Write the marker first, so that providers of an interrupted run are recognized as ours.
        if now["traits"] is not None:
            generation = self.placement.write_traits(uuid, generation, now["traits"])
            self._note(step, now, {"traits": now["traits"]})
        if now["inventories"] is not None:
            self.placement.write_inventories(uuid, generation, now["inventories"])
            self._note(step, now, {"inventories": now["inventories"]})

    @staticmethod
    def _note(step: Attempt, now: Step, fields: Shown) -> None:
        step["writes"] += 1
        step["actual"] = {**(now["after"] or {}), **(step["actual"] or {}), **fields}

    def _replan(self, step: Attempt) -> Step | None:
        node = step["node"]
        if node is None:
            return None
        known: Identity | None = identity(step)
        if step["action"] == "create":
            # Check whether the existing provider is ours, or only has the same name or UUID.
            known = self.placement.provider(step["uuid"]) or self._check_name(step)
        provider = trees.read_one(self.placement, known) if known else None
        if step["unsure"]:
            self._settle(step, provider)
        if provider and shrinks(node, provider):
            provider["usages"] = self.placement.usages(step["uuid"])
        problems: list[str] = []
        now = plan_again(node, provider, self.options, problems)
        if problems:
            raise PlacementError(
                f"it was changed by another client during the run, and now: {'; '.join(problems)}", mine=True
            )
        return now

    def _check_name(self, step: Attempt) -> Listed | None:
        other = self.placement.find(step["name"])
        if other:
            raise PlacementError(
                f"there is another provider of this name in the cloud, {other['uuid']} in the tree of {other['root']}. "
                "Names are unique in a cloud. Remove that provider or use another name",
                mine=True,
            )
        return None


def _unchanged(step: Step, reason: str) -> Attempt:
    error = f"{step['name']} remains unchanged, because {reason}"
    return {**step, "error": error, "writes": 0, "unsure": False, "actual": step["before"]}


def _call(act: Callable[..., Value], *given: Any) -> Value:
    """Return ``act(*given)``; convert unexpected errors to PlacementError, so that the result is still reported."""
    try:
        return act(*given)
    except PlacementError:
        raise
    except Exception as error:
        raise PlacementError(
            f"this is a bug in vfio.devices ({type(error).__name__}: {words(error)}). Please report it as an issue",
            mine=True,
        ) from error
