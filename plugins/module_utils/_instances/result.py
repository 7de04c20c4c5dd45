# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the result of mdev_instance: each device with its action, and the difference by parent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

from .._guards.base import user
from .._model.host import Definition, Device
from .._model.steps import DeviceStep, KeepDefinition, KeepDevices, MakeDevice, PlannedDevice, RemoveDevice
from .apply import Outcome, changes_device
from .state import Missing, Plan, State

LISTED = ("created", "removed", "replaced", "kept")

Key = tuple[str, str]
# Values in the form of results.
Shown = dict[str, Any]


class View(NamedTuple):
    """The part of a state that the difference shows."""

    devices: list[Device]
    definitions: Mapping[Key, Optional[Definition]]
    records: Mapping[str, Optional[Mapping[str, Any]]]


def report(before: State, plan: Plan, outcome: Outcome, after: State | None) -> Shown:
    """Return the result of the module; ``after`` is None if the state follows from the finished steps."""
    made = {step.key: step for step in outcome.done if isinstance(step, MakeDevice)}
    gone = {step.key: step for step in outcome.done if isinstance(step, RemoveDevice)}
    instances = [_instance(device, device.place, "kept") for device in plan.kept]
    for key, step in made.items():
        replaces = key in gone and gone[key].device.state == "active"
        instances.append(_of_step(step, "replaced" if replaces else "created"))
    instances += [_of_step(step, "removed") for key, step in gone.items() if key not in made]
    failed = [one.step for one in outcome.failed]
    instances += [_of_step(step, "failed") for step in failed if isinstance(step, (MakeDevice, RemoveDevice))]
    instances.sort(key=lambda instance: (instance["parent"], _name(instance)))
    listed = {action: [_name(instance) for instance in instances if instance["action"] == action] for action in LISTED}
    view = View(before.devices, before.definitions, before.records)
    then = View(after.devices, after.definitions, after.records) if after else _predict(before, outcome, made, gone)
    return {
        "changed": bool(outcome.done),
        "instances": instances,
        **listed,
        "busy": [{**_instance(device, place, "busy"), "users": _users(device)} for device, place in plan.busy],
        "missing": [_missing(one) for one in plan.missing],
        "failures": [one.error for one in outcome.failed],
        "diff": _difference(view, then),
        **({"progress": _progress(outcome)} if outcome.left else {}),
    }


def _users(device: Device) -> list[Shown]:
    return [user(use.holder) for use in device.uses if use.holder]


def _missing(one: Missing) -> Shown:
    label = {"label": one.label} if one.label else {}
    return {"item": one.place, "types": list(one.types), "count": one.number, **label}


def _progress(outcome: Outcome) -> dict[str, int]:
    """Return how many devices are done and how many are left."""
    done, left = ({step.key for step in steps if changes_device(step)} for steps in (outcome.done, outcome.left))
    return {"done": len(done - left), "left": len(left)}


def _name(instance: Shown) -> str:
    return str(instance["uuid"] or instance["address"])


def _of_step(step: MakeDevice | RemoveDevice, action: str) -> Shown:
    place = step.device.place if isinstance(step, MakeDevice) else step.place
    return _instance(step.device, place, action)


def _instance(device: Union[Device, PlannedDevice], place: int | None, action: str) -> Shown:
    return {
        "uuid": device.uuid,
        "address": device.address,
        "parent": device.parent,
        "type": device.type_id,
        "type_name": device.type_name,
        "item": place,
        "action": action,
    }


def _predict(before: State, outcome: Outcome, made: Mapping[Key, MakeDevice], gone: Mapping[Key, DeviceStep]) -> View:
    """Return the predicted state after the finished steps, as far as it is shown."""
    devices = [device for device in before.devices if device.key not in gone and device.key not in made]
    for device in (step.device for step in made.values()):
        devices.append(Device(device.parent, "", device.uuid, device.address, device.type_id, device.type_name))
    definitions: dict[Key, Definition | None] = {**before.definitions}
    records: dict[str, Mapping[str, Any] | None] = {**before.records}
    for step in outcome.done:
        if isinstance(step, KeepDefinition):
            definitions[step.key] = step.definition
        elif isinstance(step, KeepDevices):
            records[step.card] = step.record
    return View(devices, definitions, records)


def _difference(before: View, after: View) -> dict[str, dict[str, Shown]]:
    """Return both sides by parent and device; include files of cards if only files differ."""
    shown = {"before": _show(before), "after": _show(after)}
    if shown["before"] != shown["after"]:
        return shown
    cards = [
        card for card in {**before.records, **after.records} if before.records.get(card) != after.records.get(card)
    ]
    keys = [
        key
        for key in {**before.definitions, **after.definitions}
        if _definition(before, key) != _definition(after, key)
    ]
    for side, view in zip(shown.values(), (before, after)):
        for card in cards:
            side.setdefault(card, {})["record"] = _recorded(view.records.get(card))
        for parent, uuid in keys:
            side.setdefault(parent, {})[f"definition of {uuid}"] = _definition(view, (parent, uuid))
    return shown


def _recorded(record: Mapping[str, Any] | None) -> list[str] | None:
    """Return a line for each device of a record."""
    if record is None:
        return None
    lines = []
    for instance in record["instances"]:
        words = [instance["type_name"] or instance["type"], *_attributes(instance["attributes"])]
        words += [] if instance["parent"] in (None, "") else [f"on {instance['parent']}"]
        lines.append(f"{_name(instance)}: {', '.join(map(str, words))}{_at_boot(instance['autostart'])}")
    return [*lines, *(f"{name}: {value}" for name, value in record.items() if name != "instances")]


def _definition(view: View, key: Key) -> str | None:
    definition = view.definitions.get(key)
    if definition is None:
        return None
    words = [definition.type_id, *_attributes(definition.attributes)]
    return f"{', '.join(words)}{_at_boot(definition.autostart)}"


def _attributes(pairs: Iterable[Sequence[str]] | None) -> list[str]:
    return ["=".join(map(str, pair)) for pair in pairs or ()]


def _at_boot(autostart: bool | None) -> str:
    return ", created at boot" if autostart else ""


def _show(view: View) -> dict[str, Shown]:
    """Return the type of each device by parent, and whether it is recorded or defined."""
    recorded = {
        (instance["parent"], instance["address"])
        for record in view.records.values()
        if record
        for instance in record["instances"]
        if isinstance(instance["address"], str)
    }
    shown: dict[str, Shown] = {}
    for device in sorted(view.devices, key=lambda device: device.key):
        definition = view.definitions.get(device.key)
        words = [device.type_name or device.type_id or device.state]
        words += ["created at boot"] if definition and definition.autostart else []
        words += ["recorded"] if device.key in recorded else []
        text = ", ".join(words)
        # The type of a defined device comes from its mdevctl definition, and does not exist.
        absent = device.state == "defined"
        shown.setdefault(device.parent, {})[device.id] = "missing, only its definition exists" if absent else text
    return shown
