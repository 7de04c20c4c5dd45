# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Converge the mediated devices and vGPUs of a host: observe, plan, apply, observe again."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from .._core.problems import Refused
from .._devices import mig, pci, size_mode
from .._frameworks import nvidia_vfio
from .._frameworks.every import Frameworks, Made
from .._frameworks.mig_types import GpuInstances
from .._guards.base import Scene, Seen
from .._guards.conflicts import blind_spots
from .._guards.processes import Processes
from .._host.records import Record
from .._host.root import HostError, HostRoot
from .._model.host import Device, Parent
from .._model.wanted import DeviceWanted
from .._model.work import RemoveDevice
from .._run import room
from . import actions, identities, result
from .mixtures import Mixtures
from .plan import plan_instances
from .records import is_complete, observe_records, only_recorded
from .state import Plan, State


def converge(
    host: HostRoot,
    options: Mapping[str, Any],
    wanted: list[DeviceWanted],
    check_mode: bool,
    budget: float | None = None,
) -> dict[str, Any]:
    """Bring the host to what is wanted and return the module's result; raise :class:`Refused` before any write.

    ``options`` are those of mdev_instance, ``wanted`` its instances as :func:`parse_instances` returns them. With
    ``budget`` the work stops between two steps after so many seconds, and ``progress`` of the result shows how far it
    has come: the same call again goes on.
    """
    if not check_mode:
        host.lock()
        actions.tidy(host)
    before = observe(host)
    # Asking takes a second, so only cards are asked about on which it matters.
    modes = {card: size_mode.observe(host, card) for card in Mixtures(before, wanted).of_sizes}
    before = before._replace(size_modes=modes)
    plan = _planned(host, before, options, wanted)
    room.check(host, actions.files(plan.steps), write=not check_mode)
    outcome = actions.Outcome()
    if check_mode:
        outcome.done = plan.steps
    elif plan.steps:
        from .._guards import managers

        for sentence in managers.observe(host, managers.MEDIATED_DEVICES):
            host.warn(sentence)
        try:
            nvidia_vfio.remember(host, before.functions, before.known_types)
        except HostError as error:
            # At boot a file system may still be read-only, and unsaved names must not prevent vGPUs.
            host.warn(str(error))
        # A guest that has started since the plan has processes.
        outcome = actions.apply(
            host,
            plan.steps,
            budget,
            lambda: _complete(_look(host, before, configured=False), options["accept_unseen"]).users(),
        )
    # Steps that were done have been read back one by one; only what a failed one has left must be looked for.
    after = observe(host) if outcome.failed else None
    return result.report(before, plan, outcome, after)


def observe(host: HostRoot) -> State:
    """Parents, devices, definitions and records. Who uses a device is looked up only when that matters."""
    functions = pci.observe(host)
    frameworks = Frameworks(host, functions, pci.NumaNodes(host))
    made = frameworks.observe()
    records = observe_records(host)
    state = State(
        gpu_instances=_gpu_instances(host, made.parents),
        functions=functions,
        parents=made.parents,
        devices=[*_with_attributes(records, made.devices), *_only_recorded(records, made)],
        definitions=made.definitions,
        known_types=made.known_types,
        records=records,
        recorded_identities=identities.taken_out(records),
        identities=identities.observe(host, functions, made.parents),
        unreadable=frameworks.unreadable(),
        machine_id=host.read("etc/machine-id", optional=True),
    )
    return identities.follow(state)


def _gpu_instances(host: HostRoot, parents: list[Parent]) -> dict[str, GpuInstances]:
    """By card with types on MIG its GPU instances; none of them if the program fails, so that the driver decides."""
    cards = {
        parent.card for parent in parents for offer in parent.offers if nvidia_vfio.MIG.search(offer.type.name or "")
    }
    if not cards or not host.has_program(mig.PROGRAM):
        return {}
    try:
        gpus = mig.observe(host, sorted(cards))
    except HostError as error:
        host.warn(f"GPU instances are not known: {error}")
        return {}
    return {
        card: GpuInstances(tuple(one.name for one in gpu.profiles), tuple(one.profile for one in gpu.instances))
        for card, gpu in gpus.items()
        if card in cards and gpu.enabled
    }


def _with_attributes(records: Mapping[str, Record], devices: list[Device]) -> list[Device]:
    """The devices; vGPUs on VFs, which have no definitions, with the attributes of their records."""
    recorded = {
        (one["address"], one["type_name"] or one["type"]): tuple((name, value) for name, value in one["attributes"])
        for record in records.values()
        for one in record["instances"]
        if is_complete(one) and one["address"] and one["attributes"]
    }
    found = []
    for device in devices:
        attributes = recorded.get((device.address, device.type_name or device.type_id)) if device.address else None
        found.append(device._replace(attributes=attributes) if attributes else device)
    return found


def _only_recorded(records: Mapping[str, Record], made: Made) -> list[Device]:
    frameworks = {parent.name: parent.framework for parent in made.parents}
    return [
        Device(
            parent=instance["parent"],
            framework=frameworks[instance["parent"]],
            uuid=instance["uuid"],
            address=instance["address"],
            type_id=instance["type"],
            type_name=instance["type_name"],
            state="defined",
            autostart=instance["autostart"],
            attributes=tuple((name, value) for name, value in instance["attributes"]),
        )
        for instance in only_recorded(records, {device.key for device in made.devices}, set(frameworks))
    ]


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

    try:
        planned = plan(state)
        if not planned.busy and not any(isinstance(step, RemoveDevice) for step in planned.steps):
            return planned
    except Refused:
        pass
    # A device in use may be concerned.
    seen = _look(host, state)
    users = seen.users()
    devices = [device._replace(users=tuple(users.get(device.id, ()))) for device in state.devices]
    hidden = tuple(blind_spots(seen.unseen, options["accept_unseen"]))
    return plan(state._replace(devices=devices, hidden=hidden))


def _complete(seen: Seen, accepted: Container[str]) -> Seen:
    """What was seen directly before a device is taken away; HostError if not everything could be seen."""
    hidden = blind_spots(seen.unseen, accepted)
    if hidden:
        raise HostError(f"meanwhile {'; '.join(hidden)}", "proc")
    return seen


def _look(host: HostRoot, state: State, configured: bool = True) -> Seen:
    """Who uses devices now."""
    scene = Scene(state.functions, state.devices, Processes(host), configured=configured)
    from .._guards import every

    return every.observe(host, scene, every.HOLDERS)
