# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the steps of mdev_instance and read each change back from the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from .._core.problems import holders
from .._devices import size_mode
from .._devices.pci import DEVICES
from .._frameworks import attributes, mdev, nvidia_vfio
from .._frameworks.definitions import DEFINITIONS, definition_path, definition_text, save_definition
from .._host.records import DIRECTORY, record_path, record_text, save_record
from .._host.root import HostError, HostRoot
from .._model.host import Device
from .._model.work import (
    AllowSizes,
    DeviceStep,
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
)
from .explained import explain
from .put_back import describe, put_back
from .records import INSTANCE_RECORDS, RETAIN, key_of
from .state import Failed

# In seconds: how long another program may take to complete a device that it is creating.
SETTLE = 5.0
# Returns the current users by UUID or address; raises HostError if some users are unknown.
Users = Callable[[], dict[str, list[dict[str, Any]]]]


class Outcome:
    """The result of all steps so far, after success, a failure or a deadline."""

    def __init__(self) -> None:
        self.done: list[DeviceStep] = []
        self.failed: list[Failed] = []
        self.skipped: list[DeviceStep] = []
        # Steps that were not started before the deadline.
        self.left: list[DeviceStep] = []


def apply(
    host: HostRoot,
    steps: list[DeviceStep],
    budget: float | None = None,
    users: Users | None = None,
) -> Outcome:
    """Apply the steps in order. After a failure, skip the rest of that card; after the deadline, skip everything.

    ``budget`` is in seconds. After it no further device is changed, but at least one is. After a failure the budget is
    ignored, so that the next run does not have to retry anything. ``users`` returns the current users.
    """
    outcome = Outcome()
    end = None if budget is None else host.now() + budget
    worked = False
    broken: set[str] = set()
    full: set[tuple[str, str | None]] = set()
    not_made: set[tuple[str, str]] = set()
    for number, planned in enumerate(steps):
        if end is not None and worked and not outcome.failed and is_work(planned) and host.now() >= end:
            outcome.left = steps[number:]
            break
        step = _without(not_made, planned)
        if step.card in broken or (step.card, _type_of(step)) in full or step.key in not_made:
            outcome.skipped.append(step)
            if isinstance(step, MakeDevice):
                not_made.add(step.key)
            continue
        try:
            if users and isinstance(step, RemoveDevice) and _takes_away(step):
                _check_free(step.device, users())
            if isinstance(step, MakeDevice):
                _make(host, step, users)
            else:
                ACTIONS[type(step)](host, step)
            outcome.done.append(step)
            worked = worked or is_work(step)
        except HostError as error:
            if isinstance(step, MakeDevice) and step.best_effort and _is_full(host, step.device, error):
                # "max" uses all capacity, and some drivers report a full card only as an error.
                host.warn(_describe_full(step.device, error, steps, outcome.done))
                full.add((step.card, step.device.type_id))
                not_made.add(step.key)
                outcome.skipped.append(step)
                continue
            removed = sum(_takes_away(one) and one.card == step.card for one in outcome.done)
            is_replaced = any(isinstance(one, MakeDevice) and one.card == step.card for one in steps[number:])
            again = (
                0
                if error.pending or not is_replaced
                else put_back(step.card, outcome.done, steps[number:], lambda step: _make(host, step, users))
            )
            outcome.failed.append(Failed(step, explain(step, error) + describe(step, removed, again)))
            broken.add(step.card)
            if error.pending:
                outcome.skipped += steps[number + 1 :]
                break
    _confirm(host, outcome)
    return outcome


def _check_free(device: Device, users_of: dict[str, list[dict[str, Any]]]) -> None:
    users = users_of.get(device.id)
    if users:
        path = _type_path(device.address) if device.address else f"{mdev.DEVICES}/{device.uuid}"
        raise HostError(f"{holders(users)} started to use it during the run, so it remains unchanged", path)


def _is_full(host: HostRoot, device: PlannedDevice, error: HostError) -> bool:
    """Return whether an error means that the card is full. EIO is ambiguous, so check what the card still offers."""
    if error.errno != "EIO":
        return error.errno in ("ENOSPC", "EUSERS")
    if device.address:
        table = host.read(f"{DEVICES}/{device.address}/{nvidia_vfio.CREATABLE_TYPES}") or ""
        return device.type_id not in nvidia_vfio.parse_creatable_types(table)
    types = f"{mdev.PARENTS}/{device.parent}/mdev_supported_types"
    return not host.read_number(f"{types}/{device.type_id}/available_instances")


def _describe_full(device: PlannedDevice, error: HostError, steps: list[DeviceStep], done: list[DeviceStep]) -> str:
    """Return the warning for a card with less capacity than it reported."""
    kind = (device.card, device.type_id)
    made, expected = (
        sum(isinstance(one, MakeDevice) and (one.card, one.device.type_id) == kind for one in some)
        for some in (done, steps)
    )
    return (
        f"{device.card} counts as full: {device.parent} rejected one more of type {device.type_id} ({error.errno}) "
        f"after {made} of {expected}"
    )


def is_work(step: DeviceStep) -> bool:
    """Return whether a step changes a device. Other steps write files, which is fast."""
    return isinstance(step, MakeDevice) or _takes_away(step)


def _takes_away(step: DeviceStep) -> bool:
    return isinstance(step, RemoveDevice) and step.device.state == "active"


def _confirm(host: HostRoot, outcome: Outcome) -> None:
    """Check all created devices again, because a driver or another program may have removed some."""
    made = [step for step in outcome.done if isinstance(step, MakeDevice)]
    # List all devices once instead of checking each one.
    uuids = set(host.names(mdev.DEVICES)) if any(step.device.uuid for step in made) else set()
    for step in made:
        device = step.device
        if device.address:
            is_there = _current_type(host, device.address) == device.type_id
        else:
            is_there = device.uuid in uuids or host.exists(f"{mdev.DEVICES}/{device.uuid}")
        if not is_there:
            outcome.done.remove(step)
            outcome.failed.append(Failed(step, explain(step, HostError("it was created, but has disappeared", ""))))


def _type_of(step: DeviceStep) -> str | None:
    return step.device.type_id if isinstance(step, (MakeDevice, RemoveDevice)) else None


def _without(not_made: set[tuple[str, str]], step: DeviceStep) -> DeviceStep:
    """Return the step without devices that were not created for lack of capacity."""
    if not not_made or not isinstance(step, KeepDevices) or not step.record or step.stage == RETAIN:
        return step
    instances = [one for one in step.record["instances"] if key_of(one) not in not_made]
    return step._replace(record={**step.record, "instances": instances} if instances else None)


def tidy(host: HostRoot) -> None:
    directories = [f"{DIRECTORY}/{INSTANCE_RECORDS}"]
    directories += [f"{DEFINITIONS}/{parent}" for parent in host.names(DEFINITIONS)]
    for directory in directories:
        host.remove_unfinished(directory)


def files(steps: list[DeviceStep]) -> Iterator[tuple[str, str | None]]:
    """Yield the path of each file that steps write, with its content; None means removal."""
    for step in steps:
        if isinstance(step, KeepDevices):
            yield record_path(INSTANCE_RECORDS, step.card), record_text(step.record) if step.record else None
        elif isinstance(step, KeepDefinition):
            text = definition_text(step.definition) if step.definition else None
            yield definition_path(step.parent, step.uuid), text


def _make(host: HostRoot, step: MakeDevice, users: Users | None = None) -> None:
    device, type_id = step.device, str(step.device.type_id)
    if device.address:
        _set_type(host, device.address, type_id)
        _configure(host, f"{DEVICES}/{device.address}", device, users)
        return
    uuid, parent = device.id, f"{mdev.PARENTS}/{device.parent}"
    path = f"{parent}/{uuid}"
    try:
        host.write(f"{parent}/mdev_supported_types/{type_id}/create", uuid)
    except HostError as error:
        # mdevctl creates all defined devices, with attributes, as soon as their parent appears.
        if error.errno == "EEXIST" and host.wait(lambda: _is_made(host, device), min(SETTLE, host.timeout)):
            return
        raise
    if host.link_name(f"{uuid}/mdev_type", below=parent) != type_id:
        raise HostError(f"the kernel accepted {uuid}, but the device of type {type_id} does not exist", path, uuid)
    _configure(host, path, device, users)


def _configure(host: HostRoot, path: str, device: PlannedDevice, users: Users | None) -> None:
    """Set the attributes of a new device. On failure, remove the device unless it is already in use."""
    try:
        for name, value in device.attributes:
            attributes.write(host, path, name, value)
    except HostError as failure:
        left = f"{failure}. {device.id} remains without this attribute"
        try:
            held = users().get(device.id) if users else None
        except HostError as error:
            raise HostError(f"{left}: {error}", failure.path) from failure
        if held:
            said = f"{left}, because it is in use by {holders(held)}. Stop this use, and run the play again"
            raise HostError(said, failure.path) from failure
        if device.address:
            _set_type(host, device.address, nvidia_vfio.NO_TYPE)
        else:
            host.write(f"{path}/remove", "1")
        raise


def _is_made(host: HostRoot, device: PlannedDevice) -> bool:
    path = f"{mdev.DEVICES}/{device.uuid}"
    above = (host.link(path) or "").split("/")[-2:-1]
    return above == [device.parent] and host.link_name(f"{path}/mdev_type") == device.type_id


def _remove(host: HostRoot, step: RemoveDevice) -> None:
    device = step.device
    if device.state == "defined":
        return
    if device.address:
        _set_type(host, device.address, nvidia_vfio.NO_TYPE)
        return
    path = f"{mdev.DEVICES}/{device.uuid}"
    try:
        host.write(f"{path}/remove", "1")
    except HostError as error:
        if error.errno != "ENOENT" or host.exists(path):
            raise
    below = f"{mdev.PARENTS}/{device.parent}/{device.uuid}"
    if not host.wait(lambda: not host.exists(path) and not host.exists(below)):
        raise HostError(f"{device.uuid} still exists after its removal", path, "1", pending=True)


def _set_type(host: HostRoot, address: str, type_id: str) -> None:
    # The driver rejects writing the current type again, and 0 if there is no type.
    if _current_type(host, address) == type_id:
        return
    path = _type_path(address)
    host.write(path, type_id)
    if not host.wait(lambda: _current_type(host, address) == type_id):
        raise HostError(f"{path} reads {_current_type(host, address)}, although {type_id} was written", path, type_id)


def _type_path(address: str) -> str:
    return f"{DEVICES}/{address}/{nvidia_vfio.CURRENT_TYPE}"


def _current_type(host: HostRoot, address: str) -> str | None:
    return host.read(_type_path(address))


def _keep_definition(host: HostRoot, step: KeepDefinition) -> None:
    save_definition(host, step.parent, step.uuid, step.definition)


def _keep_devices(host: HostRoot, step: KeepDevices) -> None:
    save_record(host, INSTANCE_RECORDS, step.card, step.record)


def _allow_sizes(host: HostRoot, step: AllowSizes) -> None:
    size_mode.enable(host, step.card)


ACTIONS: dict[type, Callable[[HostRoot, Any], None]] = {
    RemoveDevice: _remove,
    KeepDefinition: _keep_definition,
    KeepDevices: _keep_devices,
    AllowSizes: _allow_sizes,
}
