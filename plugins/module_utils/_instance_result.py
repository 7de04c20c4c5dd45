# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What mdev_instance tells of its work: each device with what was done to it, and the difference by parent."""

from __future__ import annotations

from typing import Any

from ._instance_apply import Outcome

LISTED = ("created", "removed", "replaced", "kept")


def report(
    before: dict[str, Any], planned: dict[str, Any], outcome: Outcome, after: dict[str, Any] | None
) -> dict[str, Any]:
    """The result of the module; ``after`` is None in check mode, where the outcome is what would be done."""
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
    shown = _types_by_parent(before)
    return {
        "changed": bool(outcome.done),
        "instances": instances,
        **listed,
        "busy": [{**_instance(device, "busy"), "users": device["users"]} for device in planned["busy"]],
        "missing": planned["missing"],
        "failures": [step["error"] for step in outcome.failed],
        "diff": {"before": shown, "after": _predict(shown, made, gone) if after is None else _types_by_parent(after)},
    }


def _name(device: dict[str, Any]) -> str:
    return str(device["uuid"] or device["address"])


def _place(device: dict[str, Any]) -> tuple[str, str]:
    return device["parent"], _name(device)


def _instance(device: dict[str, Any], action: str) -> dict[str, Any]:
    fields = ("uuid", "address", "parent", "type", "type_name", "item")
    return {**{field: device[field] for field in fields}, "action": action}


def _types_by_parent(state: dict[str, Any]) -> dict[str, dict[str, str]]:
    """By parent and device its type; a device that is being removed has lost its own."""
    shown: dict[str, dict[str, str]] = {}
    for device in state["devices"]:
        if device["state"] != "defined":
            shown.setdefault(device["parent"], {})[_name(device)] = _type(device)
    return shown


def _predict(
    before: dict[str, dict[str, str]], made: dict[tuple[str, str], Any], gone: dict[tuple[str, str], Any]
) -> dict[str, dict[str, str]]:
    after = {parent: dict(devices) for parent, devices in before.items()}
    for parent, name in gone:
        after.get(parent, {}).pop(name, None)
    for (parent, name), step in made.items():
        after.setdefault(parent, {})[name] = _type(step)
    return {parent: devices for parent, devices in after.items() if devices}


def _type(device: dict[str, Any]) -> str:
    return str(device["type_name"] or device["type"] or device["state"])
