# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the plan of sriov_pf_mode card by card. After a failure, restore the previous state of the card."""

from __future__ import annotations

from typing import Callable

from .._devices.binding import read_bindings
from .._devices.pci import DEVICES
from .._host.errors import with_remedy
from .._host.root import HostError, HostRoot
from .._model.host import Card
from .._model.steps import BindVfs, CardStep, MakeVfs
from .._run.rules import Budget
from . import observe
from .actions import ACTIONS, links
from .state import Planned
from .steps import plan_steps
from .target import present_target

# Meaning and remedy of errnos of the kernel or a driver in this context.
REMEDIES = {
    "ENOENT": "its driver does not support virtual functions, or it has no driver",
    "ERANGE": "the driver does not support this number",
    "EBUSY": "the driver is busy, or its functions are in use. Run the play again later",
    "EPERM": "the driver rejects this number, or reports assigned functions",
    "EINVAL": "the driver does not accept this device or this number",
    "EOPNOTSUPP": "the driver does not support it in its current mode, or not this number",
    "ENOMEM": (
        "enable SR-IOV and Above 4G Decoding in the firmware, or set the kernel argument pci=realloc "
        "(iommu_kernel_arguments: [pci=realloc])"
    ),
    "EAGAIN": "the driver is resetting the card. Run the play again later",
    "EIO": "read the reason of the driver in the kernel log (dmesg)",
    "ENODEV": "the driver does not accept this device, or the device has disappeared",
    "EACCES": "run as root (become: true). If the play runs as root, the file is not writable at all",
}
# Takes a planned card and its next steps, and returns a sentence for each current use that these steps would end.
Uses = Callable[[Planned, list[CardStep]], list[str]]


class Outcome:
    """The result of one card so far."""

    def __init__(self) -> None:
        self.done: list[CardStep] = []
        self.error: str | None = None
        self.pending = False
        # After a failure: whether the previous state of the card was restored, without any difference.
        self.restored: bool | None = None
        self.seconds = 0.0
        # Whether the card was not started before the deadline.
        self.left = False


def apply(
    host: HostRoot, planned: list[Planned], seconds: float | None = None, uses: Uses | None = None
) -> dict[str, Outcome]:
    """Apply the plans and return the outcome of each card by address.

    ``seconds`` is the budget, after which no further card is started. After a timeout no other card is started either,
    because the kernel may hold a global lock.

    ``uses`` returns the current uses that steps would end. It is called before each card and before each step.
    """
    outcomes: dict[str, Outcome] = {}
    budget = Budget(host, seconds)
    for one in planned:
        so_far = list(outcomes.values())
        outcome = outcomes[one.card.address] = Outcome()
        if any(other.pending for other in so_far):
            continue
        has_worked, has_failed = any(other.done for other in so_far), any(other.error for other in so_far)
        if one.steps and budget.is_spent(has_worked, has_failed):
            outcome.left = True
            continue
        found = uses(one, one.steps) if uses else []
        if found:
            outcome.error = f"{one.card.address} remains unchanged, because during the run {'; '.join(found)}"
            continue
        started = host.now()
        try:
            for step in one.steps:
                for part in _parts(one, step):
                    _do(host, one, part, uses)
                outcome.done.append(step)
        except HostError as error:
            outcome.error = _explain(step, error)
            outcome.pending = error.pending
            if not error.pending:
                _restore(host, one, outcome, uses)
        outcome.seconds = host.now() - started
    return outcomes


def _parts(planned: Planned, step: CardStep) -> list[CardStep]:
    """Split a step by VF if VFs lose their drivers: one unbind may take seconds, in which another VF may get a user."""
    if not isinstance(step, BindVfs) or any(isinstance(other, MakeVfs) for other in planned.steps):
        return [step]
    bound = {virtual.number for virtual in planned.card.virtual_functions if virtual.binding.driver}
    together = [number for number in step.bindings if number not in bound]
    return [
        step._replace(
            bindings={number: step.bindings[number] for number in numbers},
            certain=tuple(number for number in step.certain if number in numbers),
        )
        for numbers in (together, *([number] for number in step.bindings if number in bound))
        if numbers
    ]


def _do(host: HostRoot, planned: Planned, step: CardStep, uses: Uses | None) -> None:
    """Apply one step; raise HostError if it fails or would end a use."""
    found = uses(planned, [step]) if uses else []
    if found:
        raise HostError(f"meanwhile {'; '.join(found)}", planned.card.address)
    ACTIONS[type(step)](host, step)


def _restore(host: HostRoot, planned: Planned, outcome: Outcome, uses: Uses | None) -> None:
    """Return a card to its state before the run, and add the result to the error of ``outcome``."""
    before = planned.card
    target = present_target(before)
    try:
        card = _present(host, before)
        back = planned._replace(card=card, target=target, steps=plan_steps(card, target))
        for step in back.steps:
            for part in _parts(back, step):
                _do(host, back, part, uses)
        found = _present(host, before)
    except HostError as error:
        outcome.restored, outcome.pending = False, error.pending
        outcome.error = (
            f"{outcome.error}. The previous state could not be restored: {error}. {_describe_states(host, before)}"
        )
        return
    outcome.restored = not plan_steps(found, target)
    if outcome.restored:
        outcome.error = f"{outcome.error}. The card has its previous state, {before.num_vfs} virtual functions"
    else:
        outcome.error = f"{outcome.error}. The card does not have its previous state: {_describe_states(host, before)}"


def _present(host: HostRoot, before: Card) -> Card:
    """Read a card again; raise HostError if it is missing."""
    cards = observe.observe_again(host, [before])
    if not cards:
        raise HostError(f"{before.address} is gone", f"{DEVICES}/{before.address}")
    return cards[before.address]


def _describe_states(host: HostRoot, before: Card) -> str:
    """Describe the current and the previous state of a card."""
    address = before.address
    override, driver = read_bindings(host, [address])[address]
    number = len(links(host, address))
    return (
        f"{address} has now driver {driver or 'none'}, driver_override {override or 'unset'} and {number} virtual "
        f"functions, and had driver {before.binding.driver or 'none'}, driver_override "
        f"{before.binding.override or 'unset'} and {before.num_vfs}"
    )


def _explain(step: CardStep, error: HostError) -> str:
    remedy = REMEDIES.get(error.errno or "") if error.of_device else None
    return with_remedy(f"{step.card}: {error}", remedy)
