# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the steps of mdev_instance. Each step has one function, which writes and reads back from the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .._devices import heterogeneous_mode
from .._frameworks import attributes
from .._frameworks.base import Framework
from .._frameworks.definitions import DEFINITIONS, definition_path, definition_text, save_definition
from .._frameworks.registry import BY_NAME
from .._guards.conflicts import describe_holders, uses_ended_by
from .._host.records import DIRECTORY, INSTANCE_RECORDS, record_path, record_text, save_record
from .._host.root import HostError, HostRoot
from .._model.steps import (
    DeviceStep,
    KeepDefinition,
    KeepDevices,
    MakeDevice,
    PlannedDevice,
    RemoveDevice,
    SetHeterogeneousMode,
)
from .._model.uses import Use
from .removal import removal

# Returns the current uses of the host; raises HostError if some uses are unknown.
Uses = Callable[[], Iterable[Use]]


def remove_leftovers(host: HostRoot) -> None:
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


def make(host: HostRoot, step: MakeDevice, uses: Uses | None = None) -> None:
    """Create a device with its attributes; ``uses`` returns the current uses of the host."""
    device = step.device
    framework = BY_NAME[device.framework]
    if framework.make(host, device.parent, device.id, str(device.type_id)):
        _configure(host, framework, device, uses)


def _configure(host: HostRoot, framework: Framework, device: PlannedDevice, uses: Uses | None) -> None:
    """Set the attributes of a new device. On failure, remove the device unless it is already in use."""
    path = framework.directory(device.parent, device.id)
    try:
        for name, value in device.attributes:
            attributes.write(host, path, name, value)
    except HostError as failure:
        left = f"{failure}. {device.id} remains without this attribute"
        try:
            held = uses_ended_by(removal(device), uses()) if uses else []
        except HostError as error:
            raise HostError(f"{left}: {error}", failure.path) from failure
        if held:
            message = f"{left}, because it is in use by {describe_holders(held)}. Stop this use, and run the play again"
            raise HostError(message, failure.path) from failure
        framework.remove(host, device.parent, device.id)
        raise


def _remove(host: HostRoot, step: RemoveDevice) -> None:
    device = step.device
    if device.state != "defined":
        BY_NAME[device.framework].remove(host, device.parent, device.id)


def _keep_definition(host: HostRoot, step: KeepDefinition) -> None:
    save_definition(host, step.parent, step.uuid, step.definition)


def _keep_devices(host: HostRoot, step: KeepDevices) -> None:
    save_record(host, INSTANCE_RECORDS, step.card, step.record)


def _set_heterogeneous_mode(host: HostRoot, step: SetHeterogeneousMode) -> None:
    heterogeneous_mode.enable(host, step.card)


ACTIONS: dict[type, Callable[[HostRoot, Any], None]] = {
    RemoveDevice: _remove,
    KeepDefinition: _keep_definition,
    KeepDevices: _keep_devices,
    SetHeterogeneousMode: _set_heterogeneous_mode,
}
