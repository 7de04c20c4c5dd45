# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The effect of removing a device, and the uses that it would end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._guards.conflicts import conflicts, uses_ended_by
from .._model.host import Device, Parent
from .._model.steps import PlannedDevice
from .._model.uses import EVERY_EFFECT, GONE, Touch, Use

OTHERWISE = "Otherwise run the playbook reprofile, or skip the device with vfio_on_busy: skip"


def removal(device: Device | PlannedDevice) -> Touch:
    """Return the effect on an existing device, or on one that is only defined."""
    is_defined = isinstance(device, Device) and device.state == "defined"
    # A VF with a vGPU type is its own parent.
    name = device.id if device.id == device.parent else f"{device.id} on {device.parent}"
    return Touch(device.id, GONE, f"the definition of {name}" if is_defined else name, "be removed", OTHERWISE)


def is_in_use(device: Device) -> bool:
    return bool(uses_ended_by(removal(device), device.uses))


def describe_uses(device: Device) -> list[str]:
    """Return a sentence for each use that the removal of a device would end."""
    # A user without a name was not read either, and the reason for the card says more.
    explained = any(use.clause for use in device.uses)
    uses = [use for use in device.uses if not (explained and use.holder and not (use.holder.pid or use.holder.guest))]
    return conflicts([removal(device)], uses)


def with_unreadable(
    devices: Iterable[Device], parents: Iterable[Parent], unreadable: Mapping[str, str]
) -> list[Device]:
    """Return the devices, with a use for existing ones on a card that cannot be read. ``unreadable`` maps it to why."""
    cards = {parent.name: parent.card for parent in parents}

    def uses(device: Device) -> tuple[Use, ...]:
        reason = unreadable.get(cards.get(device.parent, device.parent))
        if not reason or device.state == "defined":
            return device.uses
        advice = f"its state is unknown: {reason}"
        return (*device.uses, Use(device.id, device.framework, EVERY_EFFECT, advice, clause="may be in use"))

    return [device._replace(uses=uses(device)) for device in devices] if unreadable else [*devices]
