# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The steps that make a plan survive a reboot: definitions of mdevctl for mdevs, and a record of each card."""

from __future__ import annotations

from typing import Any

from .._host import records as _desired
from .._host.root import HostRoot

KIND = "mdev_instance"
RECORDED = ("uuid", "address", "parent", "type", "type_name", "attributes", "autostart")


def observe_records(host: HostRoot) -> dict[str, dict[str, Any]]:
    """The record of each card; one that this collection has not written like that is told and left out."""
    records = _desired.observe(host, KIND)
    for card, record in list(records.items()):
        instances = record.get("instances")
        if not isinstance(instances, list) or not all(_is_instance(instance) for instance in instances):
            host.warn(
                f"the record of {card} in {_desired.DIRECTORY}/{KIND} has not the form that this collection gives it"
            )
            del records[card]
    return records


def _is_instance(instance: Any) -> bool:
    if not isinstance(instance, dict) or set(instance) != set(RECORDED):
        return False
    return isinstance(instance["parent"], str) and isinstance(instance["uuid"] or instance["address"], str)


def with_persistence(state: dict[str, Any], planned: dict[str, Any], persist: bool | None) -> list[dict[str, Any]]:
    """The steps of a plan with those for its files, card by card.

    With ``persist`` false nothing new is kept, but what is kept of a removed device goes with it. With None all files
    stay as they are.
    """
    steps: list[dict[str, Any]] = list(planned["steps"])
    if persist is None:
        return steps
    made = [step for step in steps if step["action"] == "create"]
    gone = [step for step in steps if step["action"] == "remove"]
    lasting = [*made, *planned["kept"]] if persist else []
    again = {_key(instance) for instance in made}
    steps += _definitions(state, lasting, [step for step in gone if _key(step) not in again])
    steps += _records(state, lasting, gone)
    # For each card in this order, and sorting keeps the order of equals. What goes leaves the record first: a run that
    # ends after the removal would leave it there for ever, since a vGPU that is gone is no device that is only defined.
    order = ("forget", "remove", "create", "define", "record")
    return sorted(steps, key=lambda step: (step["card"], order.index(step["action"])))


def _definitions(
    state: dict[str, Any], lasting: list[dict[str, Any]], gone: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    wanted: dict[tuple[str, str], dict[str, Any] | None] = {}
    cards = {}
    for instance in gone:
        if _key(instance) in state["definitions"]:
            wanted[_key(instance)] = None
            cards[_key(instance)] = instance["card"]
    for instance in lasting:
        if instance["uuid"]:
            wanted[_key(instance)] = {
                "type": instance["type"],
                "autostart": instance["autostart"],
                "attributes": [{name: value} for name, value in instance["attributes"]],
            }
            cards[_key(instance)] = instance["card"]
    return [
        {"action": "define", "card": cards[parent, uuid], "parent": parent, "uuid": uuid, "definition": definition}
        for (parent, uuid), definition in wanted.items()
        if definition != state["definitions"].get((parent, uuid))
    ]


def _records(state: dict[str, Any], lasting: list[dict[str, Any]], gone: list[dict[str, Any]]) -> list[dict[str, Any]]:
    steps = []
    again = {_key(instance) for instance in lasting}
    for card in {instance["card"]: None for instance in [*gone, *lasting]}:
        old = state["records"].get(card)
        known = {_key(instance): instance for instance in (old or {}).get("instances", [])}
        leaving = [key for key in map(_key, gone) if key in known and key not in again]
        for key in leaving:
            del known[key]
        if leaving:
            old = _record(known)
            steps.append({"action": "forget", "card": card, "record": old})
        for instance in lasting:
            if instance["card"] == card:
                entry = {field: instance[field] for field in RECORDED}
                known[_key(instance)] = {**entry, "attributes": [list(pair) for pair in instance["attributes"]]}
        new = _record(known)
        if new != old:
            steps.append({"action": "record", "card": card, "record": new})
    return steps


def _record(known: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any] | None:
    return {"instances": [known[key] for key in sorted(known)]} if known else None


def _key(instance: dict[str, Any]) -> tuple[str, str]:
    return instance["parent"], instance["uuid"] or instance["address"]
