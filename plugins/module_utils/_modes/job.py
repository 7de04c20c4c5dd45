# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Bring cards into their modes: observe, plan, apply, observe again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.problems import Refused, holders
from .._host.root import HostError, HostRoot
from .._model.uses import ALLOW_HOST_NETWORK
from .._run import room
from . import actions, guards, observe, records
from .plan import plan_functions
from .result import report


def converge(
    host: HostRoot,
    options: dict[str, Any],
    entries: list[dict[str, Any]],
    connection: list[str],
    check_mode: bool,
    budget: float | None = None,
) -> dict[str, Any]:
    """Bring the cards to what is wanted and return the module's result; :class:`Refused` before any write.

    ``options`` are those of sriov_pf_mode, ``entries`` its functions as :func:`parse_functions` returns them, and
    ``connection`` the addresses of the connection that must not be cut. With ``budget`` the work stops between two
    cards after so many seconds, and ``progress`` of the result tells how far it has come: the same call again goes on.
    """
    if not check_mode:
        host.lock()
        records.tidy(host)
    state = observe.observe_cards(host, entries)
    state["accept_unseen"] = options["accept_unseen"]
    planned = _planned(host, state, options, entries, connection)
    steps = [step for one in planned for step in one["steps"]]
    room.check(host, actions.files(steps), write=not check_mode)
    outcomes = after = None
    if not check_mode:
        outcomes = actions.apply(host, planned, budget, _uses(host, state, options, connection))
        for one in planned:
            outcome = outcomes[one["card"]["address"]]
            if outcome.pending:
                outcome.error = f"{outcome.error}; {_who(host, one['card'])}"
        after = _after(host, planned, outcomes)
    result = report(planned, outcomes, after)
    return {**result, "warnings": [*state["owners"], *host.warnings]}


def _planned(
    host: HostRoot,
    state: dict[str, Any],
    options: dict[str, Any],
    entries: list[dict[str, Any]],
    connection: list[str],
) -> list[dict[str, Any]]:
    def plan() -> list[dict[str, Any]]:
        return plan_functions(
            state,
            entries,
            allow_host_network=options["allow_host_network"],
            skip_busy=options["on_busy"] == "skip",
            persist=options["persist"],
        )

    try:
        planned = plan()
        if not any(one["steps"] or one["busy"] for one in planned):
            return planned
    except Refused:
        pass
    # Something that is in use may be concerned.
    state["seen"] = observe.look(host, state, connection)
    return plan()


def _uses(
    host: HostRoot, state: dict[str, Any], options: dict[str, Any], connection: list[str]
) -> Callable[[dict[str, Any], list[dict[str, Any]]], list[str]]:
    """What uses some steps of a planned card would end now.

    A guest that has started since the plan has processes.
    """
    lifted = (ALLOW_HOST_NETWORK,) if options["allow_host_network"] else ()

    def uses(one: dict[str, Any], steps: list[dict[str, Any]]) -> list[str]:
        if not guards.touches(one["card"], steps):
            return []
        seen = observe.look(host, state, connection, anew=True)
        return [
            *guards.hidden(one["card"], steps, seen, state["accept_unseen"]),
            *guards.uses(one["card"], steps, one["target"], seen, lifted),
        ]

    return uses


def _after(
    host: HostRoot, planned: list[dict[str, Any]], outcomes: dict[str, actions.Outcome]
) -> dict[str, dict[str, Any]]:
    """The cards that were changed, or may have been, as they are now."""
    touched = [one["card"] for one in planned if one["steps"]]
    # While the kernel has a card locked, no program would answer about it.
    answers = not any(outcome.pending for outcome in outcomes.values())
    try:
        return observe.observe_again(host, touched, network=answers)
    except HostError as error:
        host.warn(str(error))
        return observe.observe_again(host, touched, network=False)


def _who(host: HostRoot, card: dict[str, Any]) -> str:
    """Who is in the way of a change that is pending."""
    users = observe.users(host)
    names = [card["address"], *(virtual["address"] for virtual in card["virtual_functions"])]
    held = [f"{name} is in use by {holders(users[name])}" for name in names if users.get(name)]
    return f"nothing else was begun; {', '.join(held) or 'nobody is seen to use it'}"
