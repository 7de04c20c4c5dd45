# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the modes of cards: observe, plan, apply, observe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._core.wording import describe_users
from .._host.root import HostError, HostRoot
from .._model.host import Card
from .._model.steps import CardStep
from .._model.uses import ALLOW_HOST_NETWORK
from .._model.wanted import CardWanted
from .._run import record_space
from .._run.rules import plan_with_users
from . import checks, observe, records
from .apply import Outcome, apply
from .plan import plan_functions
from .result import report
from .state import Planned, State


def converge(
    host: HostRoot,
    options: Mapping[str, Any],
    entries: list[CardWanted],
    connection: list[str],
    check_mode: bool,
    budget: float | None = None,
) -> dict[str, Any]:
    """Apply the desired modes and return the module's result; raise :class:`Refused` before any write.

    ``options`` are those of sriov_pf_mode, ``entries`` is the result of :func:`parse_functions`, and ``connection``
    contains the addresses of the connection that must not be cut. ``budget`` is in seconds: after it the work stops
    between two cards, and ``progress`` of the result shows how many are done. The same call then continues.
    """
    if not check_mode:
        host.lock()
        records.remove_leftovers(host)
    state = observe.observe_cards(host, entries)
    planned = _planned(host, state, options, entries, connection)
    for sentence in [sentence for one in planned for sentence in one.unusable]:
        host.warn(sentence)
    steps = [step for one in planned for step in one.steps]
    record_space.check(host, records.files(steps), write=not check_mode)
    outcomes = after = None
    if not check_mode:
        outcomes = apply(host, planned, budget, _uses(host, state, options, connection))
        for one in planned:
            outcome = outcomes[one.card.address]
            if outcome.pending:
                outcome.error = f"{outcome.error}; {_describe_users(host, one.card)}"
        after = _after(host, planned, outcomes)
    result = report(planned, outcomes, after)
    return {**result, "warnings": [*state.managers, *host.warnings]}


def _planned(
    host: HostRoot,
    state: State,
    options: Mapping[str, Any],
    entries: list[CardWanted],
    connection: list[str],
) -> list[Planned]:
    def plan(state: State) -> list[Planned]:
        return plan_functions(
            state,
            entries,
            accept_unseen=options["accept_unseen"],
            allow_host_network=options["allow_host_network"],
            skip_busy=options["on_busy"] == "skip",
            persist=options["persist"],
        )

    return plan_with_users(
        plan,
        state,
        lambda planned: any(one.steps or one.busy for one in planned),
        lambda state: state._replace(seen=observe.observe_uses(host, state, connection)),
    )


def _uses(
    host: HostRoot, state: State, options: Mapping[str, Any], connection: list[str]
) -> Callable[[Planned, list[CardStep]], list[str]]:
    """Return a function that finds the current uses that steps of a planned card would end.

    Stopped guests are not read again: a guest that has started since the plan was made has a process.
    """
    lifted = (ALLOW_HOST_NETWORK,) if options["allow_host_network"] else ()

    def uses(one: Planned, steps: list[CardStep]) -> list[str]:
        if not checks.touches(one.card, steps):
            return []
        seen = observe.observe_uses(host, state, connection, during_run=True)
        return [
            *checks.unseen(one.card, steps, seen, options["accept_unseen"]),
            *checks.uses(one.card, steps, one.target, seen, lifted),
        ]

    return uses


def _after(host: HostRoot, planned: list[Planned], outcomes: dict[str, Outcome]) -> dict[str, Card]:
    """Return the current state of the cards that were changed, or may have been."""
    touched = [one.card for one in planned if one.steps]
    # While the kernel holds the lock of a card, queries by programs would hang.
    answers = not any(outcome.pending for outcome in outcomes.values())
    try:
        return observe.observe_again(host, touched, network=answers)
    except HostError as error:
        host.warn(str(error))
        return observe.observe_again(host, touched, network=False)


def _describe_users(host: HostRoot, card: Card) -> str:
    """Return who uses a card whose change is pending, as the end of its error."""
    users = observe.read_users(host)
    names = [card.address, *(virtual.address for virtual in card.virtual_functions)]
    held = [f"{name} is in use by {describe_users(users[name])}" for name in names if users.get(name)]
    return f"no other change was started. {', '.join(held) or 'no user is visible'}"
