# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Converge the mediated devices and vGPUs of a host: observe, plan, apply, observe again."""

from __future__ import annotations

from typing import Any

from .._core import problems as _plan
from .._devices import pci as _pci
from .._frameworks import definitions as _definitions
from .._frameworks import nvidia_vfio as _vendor_vfio
from .._frameworks.mdev import Mdevs, new_device
from .._guards.base import Scene, Seen
from .._guards.conflicts import blind_spots
from .._guards.processes import Processes
from .._host.root import HostError, HostRoot
from .._run import room as _room
from . import actions as _instance_apply
from . import identities as _identities
from . import plan as _instance_plan
from . import records as _instance_persistence
from . import result as _instance_result


def converge(
    host: HostRoot,
    options: dict[str, Any],
    wanted: list[dict[str, Any]],
    check_mode: bool,
    budget: float | None = None,
) -> dict[str, Any]:
    """Bring the host to what is wanted and return the module's result; raise :class:`_plan.Refused` before any write.

    ``options`` are those of mdev_instance, ``wanted`` its instances as :func:`_wanted.parse` returns them. With
    ``budget`` the work stops between two steps after so many seconds, and ``progress`` of the result tells how far it
    has come: the same call again goes on.
    """
    if not check_mode:
        host.lock()
        _instance_apply.tidy(host)
    before = observe(host)
    planned = _planned(host, before, options, wanted)
    _room.check(host, _instance_apply.files(planned["steps"]), write=not check_mode)
    outcome = _instance_apply.Outcome()
    if check_mode:
        outcome.done = planned["steps"]
    elif planned["steps"]:
        from .._guards import managers

        for sentence in managers.observe(host, managers.MEDIATED_DEVICES):
            host.warn(sentence)
        try:
            _vendor_vfio.remember(host, before["functions"], before["known_types"])
        except HostError as error:
            # At boot a file system may still be read-only, and names are no reason to leave vGPUs out.
            host.warn(str(error))
        # A guest that has started since the plan has processes.
        outcome = _instance_apply.apply(host, planned["steps"], budget, lambda: _users(host, before, options))
    # Steps that were done have been read back one by one; only what a failed one has left must be looked for.
    after = observe(host) if outcome.failed else None
    return _instance_result.report(before, planned, outcome, after)


def observe(host: HostRoot) -> dict[str, Any]:
    """Parents, devices, definitions and records. Who uses a device is looked up only when that matters."""
    functions = _pci.observe(host)
    numa_nodes = _pci.NumaNodes(host)
    mdevs = Mdevs(host, functions, numa_nodes)
    devices = mdevs.devices()
    vgpu_functions = _vendor_vfio.parent_functions(host, functions)
    vgpu_parents, vgpus, known_types = _vendor_vfio.observe(host, functions, vgpu_functions, numa_nodes)
    definitions = _definitions.observe(host)
    parents = [*mdevs.parents(devices), *vgpu_parents]
    devices += [*vgpus, *_definitions.apply(host, definitions, devices, mdevs)]
    records = _instance_persistence.observe_records(host)
    devices += _only_recorded(records, devices, parents)
    for device in devices:
        device["users"] = []
    state = {
        "functions": functions,
        "parents": parents,
        "devices": devices,
        "definitions": definitions,
        "known_types": known_types,
        "records": records,
        "recorded_identities": _identities.taken_out(records),
        "identities": _identities.observe(host, functions, parents),
        "unreadable": {**_vendor_vfio.unreadable(host, functions, vgpu_functions), **host.silent},
        "hidden": [],
        "machine_id": host.read("etc/machine-id", optional=True),
    }
    _identities.follow(state)
    return state


def _only_recorded(
    records: dict[str, Any], devices: list[dict[str, Any]], parents: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    existing = {(device["parent"], device["uuid"] or device["address"]) for device in devices}
    frameworks = {parent["name"]: parent["framework"] for parent in parents}
    return [
        new_device(
            **{**instance, "attributes": [{name: value} for name, value in instance["attributes"]]},
            state="defined",
            framework=frameworks[instance["parent"]],
        )
        for instance in _instance_persistence.only_recorded(records, existing, set(frameworks))
    ]


def _planned(
    host: HostRoot, state: dict[str, Any], options: dict[str, Any], wanted: list[dict[str, Any]]
) -> dict[str, Any]:
    def plan() -> dict[str, Any]:
        return _instance_plan.plan(
            state,
            wanted,
            present=options["state"] == "present",
            exact=options["exact"],
            spread=options["placement"] == "spread",
            skip_busy=options["on_busy"] == "skip",
            persist=options["persist"],
        )

    try:
        planned = plan()
        if not planned["busy"] and all(step["action"] != "remove" for step in planned["steps"]):
            return planned
    except _plan.Refused:
        pass
    # A device in use may be concerned.
    seen = _look(host, state)
    users = seen.users()
    state["hidden"] = blind_spots(seen.unseen, options["accept_unseen"])
    for device in state["devices"]:
        device["users"] = users.get(device["uuid"] or device["address"], [])
    return plan()


def _users(host: HostRoot, state: dict[str, Any], options: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By device who uses it now, directly before it is taken away; HostError if that cannot be seen."""
    seen = _look(host, state, configured=False)
    hidden = blind_spots(seen.unseen, options["accept_unseen"])
    if hidden:
        raise HostError(f"meanwhile {'; '.join(hidden)}", "proc")
    return seen.users()


def _look(host: HostRoot, state: dict[str, Any], configured: bool = True) -> Seen:
    """Who uses devices now."""
    scene = Scene(state["functions"], state["devices"], Processes(host), configured=configured)
    from .._guards import every

    return every.observe(host, scene, every.HOLDERS)
