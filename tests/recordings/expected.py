# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection returns for a recorded host: facts, a plan, and messages about each card."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.resolve import resolve
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances_job
from ansible_collections.vfio.devices.plugins.module_utils._instances import wanted as instances_wanted
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes_job
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted as modes_wanted
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.plugins.modules.mdev_instance import INSTANCE

from .replay import RecordedHost, RecordedTools

MODE_OPTIONS = {"on_busy": "fail", "accept_unseen": [], "allow_host_network": False, "persist": False}
DEVICE_OPTIONS = {
    **{"state": "present", "exact": False, "placement": "spread", "on_busy": "fail", "accept_unseen": []},
    **{"persist": False},
}
FUNCTION = {
    **dict.fromkeys(("num_vfs", "driver", "vf_driver", "drivers_autoprobe", "eswitch", "vfs")),
    "reconfigurable": True,
}


def expected(host: RecordedHost) -> dict[str, Any]:
    """Return facts, plan and refusals of the host."""
    # A capture leaves out the Vital Product Data, because it contains serial numbers.
    facts = run_facts.observe(_door(host), [part for part in run_facts.PARTS if part != run_facts.SERIAL_NUMBERS])
    plan = _plan(facts)
    cards = facts["physical_functions"]
    return {
        "facts": {**facts, "parents": _short(facts["parents"])},
        "plan": plan,
        "whole": {card["address"]: _mode(host, {"pf": card["address"], "mode": "pf"}) for card in cards},
        "ports": {
            card["address"]: _mode(host, {"pf": card["address"], "mode": "vf", "num_vfs": "max"})
            for card in cards
            if card["total_vfs"]
        },
        "devices": {name: _device(host, name) for name in _types(facts)},
    }


def _short(parents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shorten parents: one with the same types as an earlier parent refers to it."""
    short: list[dict[str, Any]] = []
    first: dict[str, Any] = {}
    for parent in parents:
        same = first and parent["types"] == first["types"]
        short.append({**parent, "types": f"those of {first['name']}"} if same else parent)
        first = first if same else parent
    return short


def _door(host: RecordedHost) -> HostRoot:
    return HostRoot("/recorded", files=host.accessor(), tools=RecordedTools(host))


def _types(facts: dict[str, Any]) -> list[str]:
    return sorted({one["name"] or one["id"] for parent in facts["parents"] for one in parent["types"]})


def _plan(facts: dict[str, Any]) -> Any:
    """Plan vGPUs of the first type that fits, and VFs of all network cards."""
    profiles: list[dict[str, Any]] = [
        {"name": "ports", "select": "total_vfs > `0` && !framework && starts_with(class, '02')", "mode": "vf"}
    ]
    free = [one for parent in facts["parents"] for one in parent["types"] if one["available_instances"]]
    if free:
        kind = free[0]["name"] or free[0]["id"]
        profiles.append({"name": "vgpus", "select": "framework", "vgpu": {"type": kind, "count": "max"}})
    try:
        plan = resolve(profiles, facts)
    except AnsibleFilterError as error:
        return {"refused": str(error).split("\n")}
    return {name: plan[name] for name in ("functions", "instances") if name in plan}


def _mode(host: RecordedHost, function: dict[str, Any]) -> Any:
    entries = modes_wanted.parse_functions([{**FUNCTION, **function}])
    return _said(lambda: modes_job.converge(_door(host), MODE_OPTIONS, entries, [], check_mode=True)["functions"])


def _device(host: RecordedHost, kind: str) -> Any:
    instance = {**dict.fromkeys(INSTANCE), "type": [kind], "count": "max"}
    wanted = instances_wanted.parse_instances([instance], "present", False)
    keys = ("changed", "created", "removed", "kept", "msg")

    def converge() -> dict[str, Any]:
        result = instances_job.converge(_door(host), DEVICE_OPTIONS, wanted, check_mode=True)
        return {key: len(value) if isinstance(value, list) else value for key, value in result.items() if key in keys}

    return _said(converge)


def _said(action: Any) -> Any:
    try:
        return action()
    except Refused as refused:
        return {"refused": refused.problems}
