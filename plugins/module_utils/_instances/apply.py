# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the steps of mdev_instance in order, until a failure or the deadline."""

from __future__ import annotations

from collections.abc import Iterable

from .._frameworks.registry import BY_NAME
from .._guards.conflicts import describe_holders, uses_ended_by
from .._host.root import HostError, HostRoot
from .._model.host import Device
from .._model.steps import DeviceStep, KeepDevices, MakeDevice, PlannedDevice, RemoveDevice
from .._model.uses import Use
from .._run.rules import Budget
from .actions import ACTIONS, Uses, make
from .failures import explain
from .persistence import RETAIN
from .recorded import key_of
from .removal import removal
from .restore_devices import describe, restore_devices
from .state import Failed


class Outcome:
    """The result of all steps so far, after success, a failure or a deadline."""

    def __init__(self) -> None:
        self.done: list[DeviceStep] = []
        self.failed: list[Failed] = []
        self.skipped: list[DeviceStep] = []
        # Steps that were not started before the deadline.
        self.left: list[DeviceStep] = []


def apply(
    host: HostRoot,
    steps: list[DeviceStep],
    seconds: float | None = None,
    uses: Uses | None = None,
) -> Outcome:
    """Apply the steps in order. After a failure, skip the rest of that card; after the deadline, skip everything.

    ``seconds`` is the budget, after which no further device is changed. ``uses`` returns the current uses of the host.
    """
    run = _Run(host, steps, uses)
    budget = Budget(host, seconds)
    for number, step in enumerate(steps):
        if changes_device(step) and budget.is_spent(run.has_worked, bool(run.outcome.failed)):
            run.outcome.left = steps[number:]
            break
        error = run.apply(_without(run.not_made, step), later=steps[number:])
        if error and error.pending:
            run.outcome.skipped += steps[number + 1 :]
            break
    _confirm(host, run.outcome)
    return run.outcome


class _Run:
    """The steps of one call, and what is known about the cards so far."""

    def __init__(self, host: HostRoot, steps: list[DeviceStep], uses: Uses | None) -> None:
        self.outcome = Outcome()
        self.has_worked = False
        self.not_made: set[tuple[str, str]] = set()
        self._host = host
        self._steps = steps
        self._uses = uses
        self._broken: set[str] = set()
        self._full: set[tuple[str, str | None]] = set()

    def apply(self, step: DeviceStep, later: list[DeviceStep]) -> HostError | None:
        """Apply a step unless its card failed or is full; ``later`` begins with it. Return the error of a failure."""
        if step.card in self._broken or (step.card, _type_of(step)) in self._full or step.key in self.not_made:
            self._skip(step)
            return None
        try:
            self._do(step)
        except HostError as error:
            if isinstance(step, MakeDevice) and step.best_effort and _is_full(self._host, step.device, error):
                # "max" uses all capacity, and some drivers report a full card only as an error.
                self._host.warn(_describe_full(step.device, error, self._steps, self.outcome.done))
                self._full.add((step.card, step.device.type_id))
                self._skip(step)
                return None
            self.outcome.failed.append(_failure(self._host, step, error, self.outcome.done, later, self._uses))
            self._broken.add(step.card)
            return error
        self.outcome.done.append(step)
        self.has_worked = self.has_worked or changes_device(step)
        return None

    def _do(self, step: DeviceStep) -> None:
        if isinstance(step, MakeDevice):
            make(self._host, step, self._uses)
            return
        if self._uses and isinstance(step, RemoveDevice) and _removes_active_device(step):
            _check_free(step.device, self._uses())
        ACTIONS[type(step)](self._host, step)

    def _skip(self, step: DeviceStep) -> None:
        self.outcome.skipped.append(step)
        if isinstance(step, MakeDevice):
            self.not_made.add(step.key)


def _failure(
    host: HostRoot,
    step: DeviceStep,
    error: HostError,
    done: list[DeviceStep],
    later: list[DeviceStep],
    uses: Uses | None,
) -> Failed:
    """Restore the devices of the card if they were to be replaced, and return the failure of the step."""
    removed = sum(_removes_active_device(one) and one.card == step.card for one in done)
    again = 0
    if not error.pending and any(isinstance(one, MakeDevice) and one.card == step.card for one in later):
        again = restore_devices(step.card, done, later, lambda step: make(host, step, uses))
    return Failed(step, explain(step, error) + describe(step, removed, again))


def _check_free(device: Device, uses: Iterable[Use]) -> None:
    found = uses_ended_by(removal(device), uses)
    if found:
        path = BY_NAME[device.framework].directory(device.parent, device.id)
        raise HostError(f"{describe_holders(found)} started to use it during the run, so it remains unchanged", path)


def _is_full(host: HostRoot, device: PlannedDevice, error: HostError) -> bool:
    """Return whether an error means that the card is full. EIO is ambiguous, so check what the card still offers."""
    if error.errno != "EIO":
        return error.errno in ("ENOSPC", "EUSERS")
    return not BY_NAME[device.framework].has_room(host, device.parent, str(device.type_id))


def _describe_full(device: PlannedDevice, error: HostError, steps: list[DeviceStep], done: list[DeviceStep]) -> str:
    """Return the warning for a card with less capacity than it reported."""
    kind = (device.card, device.type_id)
    made, expected = (
        sum(isinstance(one, MakeDevice) and (one.card, one.device.type_id) == kind for one in some)
        for some in (done, steps)
    )
    return (
        f"{device.card} counts as full: {device.parent} rejected one more of type {device.type_id} ({error.errno}) "
        f"after {made} of {expected}"
    )


def changes_device(step: DeviceStep) -> bool:
    """Return whether a step changes a device. Other steps write files, which is fast."""
    return isinstance(step, MakeDevice) or _removes_active_device(step)


def _removes_active_device(step: DeviceStep) -> bool:
    return isinstance(step, RemoveDevice) and step.device.state == "active"


def _confirm(host: HostRoot, outcome: Outcome) -> None:
    """Check all created devices again, because a driver or another program may have removed some."""
    made = [step for step in outcome.done if isinstance(step, MakeDevice)]
    vanished: set[str] = set()
    for framework in {step.device.framework for step in made}:
        types = {step.device.id: str(step.device.type_id) for step in made if step.device.framework == framework}
        vanished |= BY_NAME[framework].vanished(host, types)
    for step in made:
        if step.device.id in vanished:
            outcome.done.remove(step)
            outcome.failed.append(Failed(step, explain(step, HostError("it was created, but has disappeared", ""))))


def _type_of(step: DeviceStep) -> str | None:
    return step.device.type_id if isinstance(step, (MakeDevice, RemoveDevice)) else None


def _without(not_made: set[tuple[str, str]], step: DeviceStep) -> DeviceStep:
    """Return the step without devices that were not created for lack of capacity."""
    if not not_made or not isinstance(step, KeepDevices) or not step.record or step.stage == RETAIN:
        return step
    instances = [one for one in step.record["instances"] if key_of(one) not in not_made]
    return step._replace(record={**step.record, "instances": instances} if instances else None)
