# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What mdev_instance tells of its work: each device with what was done to it, and the difference by parent."""

from __future__ import annotations

from typing import Any

from .._model.host import Device
from .actions import Outcome, is_work

LISTED = ("created", "removed", "replaced", "kept")


def report(
    before: dict[str, Any], planned: dict[str, Any], outcome: Outcome, after: dict[str, Any] | None
) -> dict[str, Any]:
    """The result of the module; ``after`` is None where the steps of the outcome lead to all that is there."""
    made = {_place(step): step for step in outcome.done if step["action"] == "create"}
    gone = {_place(step): step for step in outcome.done if step["action"] == "remove"}
    instances = [_instance(device, "kept") for device in planned["kept"]]
    for place, step in made.items():
        replaces = place in gone and gone[place]["state"] == "active"
        instances.append(_instance(step, "replaced" if replaces else "created"))
    instances += [_instance(step, "removed") for place, step in gone.items() if place not in made]
    instances += [_instance(step, "failed") for step in outcome.failed if step["action"] in ("create", "remove")]
    instances.sort(key=_place)
    listed = {action: [_name(instance) for instance in instances if instance["action"] == action] for action in LISTED}
    after = _predict(before, outcome, made, gone) if after is None else after
    return {
        "changed": bool(outcome.done),
        "instances": instances,
        **listed,
        "busy": [{**_instance(device, "busy"), "users": device["users"]} for device in planned["busy"]],
        "missing": planned["missing"],
        "failures": [step["error"] for step in outcome.failed],
        "diff": {"before": _show(before), "after": _show(after)},
        **({"progress": _progress(outcome)} if outcome.left else {}),
    }


def _progress(outcome: Outcome) -> dict[str, int]:
    """How many devices are done and how many are left."""
    done, left = ({_place(step) for step in steps if is_work(step)} for steps in (outcome.done, outcome.left))
    return {"done": len(done - left), "left": len(left)}


def _name(device: dict[str, Any]) -> str:
    return str(device["uuid"] or device["address"])


def _place(device: dict[str, Any]) -> tuple[str, str]:
    return device["parent"], _name(device)


def _instance(device: dict[str, Any], action: str) -> dict[str, Any]:
    fields = ("uuid", "address", "parent", "type", "type_name", "item")
    return {**{field: device[field] for field in fields}, "action": action}


def _predict(
    before: dict[str, Any], outcome: Outcome, made: dict[tuple[str, str], Any], gone: dict[tuple[str, str], Any]
) -> dict[str, Any]:
    """The state that the steps lead to, as far as it is shown."""
    devices = [device for device in before["devices"] if device.key not in gone and device.key not in made]
    devices += [
        Device(step["parent"], "", step["uuid"], step["address"], step["type"], step["type_name"])
        for step in made.values()
    ]
    definitions, records = dict(before["definitions"]), dict(before["records"])
    for step in outcome.done:
        if "definition" in step:
            definitions[step["parent"], step["uuid"]] = step["definition"]
        elif "record" in step:
            records[step["card"]] = step["record"]
    return {"devices": devices, "definitions": definitions, "records": records}


def _show(state: dict[str, Any]) -> dict[str, dict[str, str]]:
    """By parent and device its type, and what is kept of it."""
    recorded = {
        _place(instance)
        for record in state["records"].values()
        if record
        for instance in record["instances"]
        if instance["address"]
    }
    shown: dict[str, dict[str, str]] = {}
    devices: list[Device] = state["devices"]
    for device in sorted(devices, key=lambda device: device.key):
        definition = state["definitions"].get(device.key)
        words = [device.type_name or device.type_id or device.state]
        words += ["made at boot"] if definition and definition.autostart else []
        words += ["recorded"] if device.key in recorded else []
        text = ", ".join(words)
        # Nobody has to know that mdevctl's definition of a device outlives it.
        absent = device.state == "defined"
        shown.setdefault(device.parent, {})[device.id] = f"not there, only defined as {text}" if absent else text
    return shown
