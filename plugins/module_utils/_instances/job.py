# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Converge mediated devices and vGPUs of a host: observe, plan, apply, observe."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from .._devices import heterogeneous_mode
from .._frameworks.nvidia_vfio_view import remember
from .._guards.base import Scene, Seen
from .._guards.conflicts import blind_spots
from .._guards.processes import Processes
from .._host.root import HostError, HostRoot
from .._model.steps import RemoveDevice
from .._model.uses import Use
from .._model.wanted import DeviceWanted
from .._run import record_space
from .._run.rules import plan_with_users
from . import actions, result
from .apply import Outcome, apply
from .mixtures import Mixtures
from .observe import observe_devices
from .plan import plan_instances
from .state import Plan, State


def converge(
    host: HostRoot,
    options: Mapping[str, Any],
    wanted: list[DeviceWanted],
    check_mode: bool,
    budget: float | None = None,
) -> dict[str, Any]:
    """Create the desired state and return the module's result; raise :class:`Refused` before any write.

    ``options`` are those of mdev_instance, ``wanted`` is the result of :func:`parse_instances`. ``budget`` is in
    seconds: after it the work stops between two steps, and ``progress`` of the result shows how many are done. The same
    call then continues the work.
    """
    if not check_mode:
        host.lock()
        actions.remove_leftovers(host)
    before = observe_devices(host)
    # Reading the mode takes a second, so read it only where it matters.
    modes = {card: heterogeneous_mode.observe(host, card) for card in Mixtures(before, wanted).of_sizes}
    before = before._replace(heterogeneous_modes=modes)
    plan = _planned(host, before, options, wanted)
    record_space.check(host, actions.files(plan.steps), write=not check_mode)
    outcome = Outcome()
    if plan.steps:
        _warn_about_managers(host)
    if check_mode:
        outcome.done = plan.steps
    elif plan.steps:
        _remember_types(host, before)
        # A guest that has started since the plan was made has a process.
        outcome = apply(
            host,
            plan.steps,
            budget,
            lambda: _current_uses(host, before, options["accept_unseen"]),
        )
    # Each finished step has been read back. Only the effects of a failed step are unknown.
    after = observe_devices(host) if outcome.failed else None
    return result.report(before, plan, outcome, after)


def _warn_about_managers(host: HostRoot) -> None:
    from .._guards import other_managers

    for sentence in other_managers.observe(host, other_managers.MEDIATED_DEVICES):
        host.warn(sentence)


def _remember_types(host: HostRoot, state: State) -> None:
    """Record the type names that full GPUs do not list."""
    try:
        remember(host, state.functions, state.known_types)
    except HostError as error:
        # During boot a file system may still be read-only, and unsaved type names must not prevent vGPUs.
        host.warn(str(error))


def _planned(host: HostRoot, state: State, options: Mapping[str, Any], wanted: list[DeviceWanted]) -> Plan:
    def plan(state: State) -> Plan:
        return plan_instances(
            state,
            wanted,
            present=options["state"] == "present",
            exact=options["exact"],
            spread=options["placement"] == "spread",
            skip_busy=options["on_busy"] == "skip",
            persist=options["persist"],
        )

    def add_users(state: State) -> State:
        seen = _read_uses(host, state)
        by_subject = seen.by_subject()
        devices = [device._replace(uses=(*device.uses, *by_subject.get(device.id, ()))) for device in state.devices]
        return state._replace(devices=devices, blind_spots=tuple(blind_spots(seen.unseen, options["accept_unseen"])))

    def ends_uses(planned: Plan) -> bool:
        return bool(planned.busy) or any(isinstance(step, RemoveDevice) for step in planned.steps)

    return plan_with_users(plan, state, ends_uses, add_users)


def _current_uses(host: HostRoot, state: State, accepted: Container[str]) -> tuple[Use, ...]:
    """Return the current uses; raise HostError if users of a device to remove may be unknown."""
    seen = _read_uses(host, state, configured=False)
    unknown = blind_spots(seen.unseen, accepted)
    if unknown:
        raise HostError(f"meanwhile {'; '.join(unknown)}", "proc")
    return seen.uses


def _read_uses(host: HostRoot, state: State, configured: bool = True) -> Seen:
    """Return the uses of all devices; without ``configured``, only those by processes and running guests."""
    scene = Scene(state.functions, state.devices, Processes(host), configured=configured)
    from .._guards import user_guards

    return user_guards.observe(host, scene)
