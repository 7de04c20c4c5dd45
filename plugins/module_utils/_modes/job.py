# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Bring cards into their modes: observe, plan, apply, observe again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core import problems as _plan
from .._host.root import HostError, HostRoot
from .._model.uses import ALLOW_HOST_NETWORK
from .._run import room as _room
from . import actions as _pf_apply
from . import guards as _pf_guards
from . import observe as _pf_state
from . import plan as _pf_plan
from . import records as _pf_persistence
from . import result as _pf_result


def converge(
    host: HostRoot,
    options: dict[str, Any],
    entries: list[dict[str, Any]],
    connection: list[str],
    check_mode: bool,
    budget: float | None = None,
) -> dict[str, Any]:
    """Bring the cards to what is wanted and return the module's result; :class:`_plan.Refused` before any write.

    ``options`` are those of sriov_pf_mode, ``entries`` its functions as :func:`_pf_wanted.parse` returns them, and
    ``connection`` the addresses of the connection that must not be cut. With ``budget`` the work stops between two
    cards after so many seconds, and ``progress`` of the result tells how far it has come: the same call again goes on.
    """
    if not check_mode:
        host.lock()
        _pf_persistence.tidy(host)
    state = _pf_state.observe(host, entries)
    state["accept_unseen"] = options["accept_unseen"]
    planned = _planned(host, state, options, entries, connection)
    steps = [step for one in planned for step in one["steps"]]
    _room.check(host, _pf_apply.files(steps), write=not check_mode)
    outcomes = after = None
    if not check_mode:
        outcomes = _pf_apply.apply(host, planned, budget, _uses(host, state, options, connection))
        for one in planned:
            outcome = outcomes[one["card"]["address"]]
            if outcome.pending:
                outcome.error = f"{outcome.error}; {_who(host, one['card'])}"
        after = _after(host, planned, outcomes)
    result = _pf_result.report(planned, outcomes, after)
    return {**result, "warnings": [*state["owners"], *host.warnings]}


def _planned(
    host: HostRoot,
    state: dict[str, Any],
    options: dict[str, Any],
    entries: list[dict[str, Any]],
    connection: list[str],
) -> list[dict[str, Any]]:
    def plan() -> list[dict[str, Any]]:
        return _pf_plan.plan(
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
    except _plan.Refused:
        pass
    # Something that is in use may be concerned.
    state["seen"] = _pf_state.look(host, state, connection)
    return plan()


def _uses(
    host: HostRoot, state: dict[str, Any], options: dict[str, Any], connection: list[str]
) -> Callable[[dict[str, Any], list[dict[str, Any]]], list[str]]:
    """What uses some steps of a planned card would end now.

    A guest that has started since the plan has processes.
    """
    lifted = (ALLOW_HOST_NETWORK,) if options["allow_host_network"] else ()

    def uses(one: dict[str, Any], steps: list[dict[str, Any]]) -> list[str]:
        if not _pf_guards.touches(one["card"], steps):
            return []
        seen = _pf_state.look(host, state, connection, anew=True)
        return [
            *_pf_guards.hidden(one["card"], steps, seen, state["accept_unseen"]),
            *_pf_guards.uses(one["card"], steps, one["target"], seen, lifted),
        ]

    return uses


def _after(
    host: HostRoot, planned: list[dict[str, Any]], outcomes: dict[str, _pf_apply.Outcome]
) -> dict[str, dict[str, Any]]:
    """The cards that were changed, or may have been, as they are now."""
    touched = [one["card"] for one in planned if one["steps"]]
    # While the kernel has a card locked, no program would answer about it.
    answers = not any(outcome.pending for outcome in outcomes.values())
    try:
        return _pf_state.observe_again(host, touched, network=answers)
    except HostError as error:
        host.warn(str(error))
        return _pf_state.observe_again(host, touched, network=False)


def _who(host: HostRoot, card: dict[str, Any]) -> str:
    """Who is in the way of a change that is pending."""
    users = _pf_state.users(host)
    names = [card["address"], *(virtual["address"] for virtual in card["virtual_functions"])]
    held = [f"{name} is in use by {_plan.holders(users[name])}" for name in names if users.get(name)]
    return f"nothing else was begun; {', '.join(held) or 'nobody is seen to use it'}"
