# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the files that restore devices after a reboot: mdevctl definitions of mdevs, and a record per card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._host.records import Record
from .._model.host import Definition
from .._model.steps import (
    DeviceStep,
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
    SetHeterogeneousMode,
)
from .recorded import MARK, Instance, Key, as_defined, key_of, wanted_at_boot
from .state import Plan, State

# Stages of writing a record: before definitions are removed, before they are written, and at the end.
RETAIN, PROMISE, RECORD = "retain", "promise", "record"
# Stages of writing definitions: those that prevent the creation of a device at boot come first.
UNDEFINE, DEFINE = "undefine", "define"
# The order of the steps of a card. A GPU must be empty when its mode changes.
ORDER: list[type | str] = [
    *(RemoveDevice, SetHeterogeneousMode, MakeDevice),
    *(RETAIN, UNDEFINE, PROMISE, DEFINE, RECORD),
]


def with_persistence(state: State, plan: Plan, persist: bool | None) -> list[DeviceStep]:
    """Return the steps of a plan with the steps for files, by card.

    If ``persist`` is false, no device is added to files, but removed devices are removed from them. If it is None, all
    files stay unchanged.

    At any time, a boot must restore either all old or all new devices, and never two types. Therefore files change only
    after all devices of the card. A card has one record but many definitions, from which mdevctl creates devices one by
    one. While the definitions change, the record is marked: its devices are then restored whatever the definitions say,
    and the existing definitions are always a subset of them.
    """
    steps = list(plan.steps)
    if persist is None:
        return steps
    made = [step.device for step in steps if isinstance(step, MakeDevice)]
    lasting = [*made, *plan.kept] if persist else []
    again = {device.key for device in lasting}
    # The run that replaced the device may have been killed before it updated the files.
    stale = [] if persist else [device for device in [*made, *plan.kept] if _is_stale(state, device)]
    gone = {step.key: step.card for step in steps if isinstance(step, RemoveDevice)}
    gone.update((device.key, device.card) for device in stale)
    gone = {key: card for key, card in gone.items() if key not in again}
    definitions = _definitions(state, lasting, gone)
    steps += definitions
    for card in dict.fromkeys([*gone.values(), *(device.card for device in lasting)]):
        of_card = [step for step in definitions if step.card == card]
        steps += _records(state, card, lasting, gone, of_card)
    # Sorting keeps the order of equal steps.
    return sorted(steps, key=lambda step: (step.card, _rank(step)))


def _rank(step: DeviceStep) -> int:
    """Return the position of a step in ``ORDER``."""
    if isinstance(step, KeepDevices):
        return ORDER.index(step.stage)
    if isinstance(step, KeepDefinition):
        return ORDER.index(UNDEFINE if step.prevents_creation else DEFINE)
    return ORDER.index(type(step))


def _is_stale(state: State, device: PlannedDevice) -> bool:
    recorded = (state.records.get(device.card) or {}).get("instances", [])
    kept = [one["type"] for one in recorded if key_of(one) == device.key]
    definition = state.definitions.get(device.key)
    kept += [definition.type_id] if definition else []
    return any(type_id != device.type_id for type_id in kept)


def _definitions(state: State, lasting: list[PlannedDevice], gone: Mapping[Key, str]) -> list[KeepDefinition]:
    wanted: dict[Key, tuple[str, Definition | None]] = {key: (card, None) for key, card in gone.items()}
    for device in lasting:
        if device.uuid:
            definition = Definition(str(device.type_id), device.autostart, device.attributes)
            wanted[device.key] = device.card, definition
    steps = []
    for (parent, uuid), (card, new) in wanted.items():
        old = state.definitions.get((parent, uuid))
        is_same = bool(old and new and old == new._replace(autostart=old.autostart))
        # Remove old definitions first, because a mix of old and new devices would be wrong.
        if old and not is_same:
            steps.append(KeepDefinition(card, parent, uuid, None, prevents_creation=True))
        if new and new != old:
            steps.append(KeepDefinition(card, parent, uuid, new, prevents_creation=is_same and not new.autostart))
    return steps


def _records(
    state: State, card: str, lasting: list[PlannedDevice], gone: Iterable[Key], definitions: list[KeepDefinition]
) -> list[KeepDevices]:
    old = state.records.get(card)
    known = {key_of(instance): instance for instance in (old or {}).get("instances", [])}
    for key in gone:
        known.pop(key, None)
    known.update((device.key, _recorded(device)) for device in lasting if device.card == card)
    marked = bool(old and old.get(MARK))
    after = dict(state.definitions)
    for step in definitions:
        after.pop(step.key, None)
        if step.definition:
            after[step.key] = step.definition
    new = _record(known.values())
    if new and marked and any(one["uuid"] and one["autostart"] and key not in after for key, one in known.items()):
        # An earlier run was killed while it changed definitions that still are missing.
        new[MARK] = True
    steps = []
    if any(step.prevents_creation for step in definitions):
        present = {key_of(one): one for one in _of_definitions(state, definitions)}
        present.update((key_of(one), one) for one in (old or {}).get("instances", []))
        before = list(present.values()) if marked else wanted_at_boot(list(present.values()), state.definitions)
        steps.append(KeepDevices(card, RETAIN, _record(before, marked=True)))
    if not all(step.prevents_creation for step in definitions):
        then = list(known.values()) if new and new.get(MARK) else wanted_at_boot(list(known.values()), after)
        steps.append(KeepDevices(card, PROMISE, _record(then, marked=True)))
    if definitions or new != old:
        steps.append(KeepDevices(card, RECORD, new))
    return steps


def _recorded(device: PlannedDevice) -> Instance:
    return {
        "uuid": device.uuid,
        "address": device.address,
        "parent": device.parent,
        "type": device.type_id,
        "type_name": device.type_name,
        "attributes": [list(pair) for pair in device.attributes],
        "autostart": device.autostart,
    }


def _of_definitions(state: State, steps: list[KeepDefinition]) -> Iterator[Instance]:
    """Yield the devices that the definitions to remove would restore, recorded or not."""
    for step in steps:
        if step.prevents_creation:
            named: Instance = {
                "uuid": step.uuid,
                "address": None,
                "parent": step.parent,
                "type": None,
                "type_name": None,
                "attributes": [],
                "autostart": False,
            }
            yield as_defined(named, state.definitions[step.key])


def _record(instances: Iterable[Instance], marked: bool = False) -> Record | None:
    ordered = sorted(instances, key=key_of)
    return {"instances": ordered, **({MARK: True} if marked else {})} if ordered else None
