# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Restore the devices of a card if their replacement has failed before the first new device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional, Union

from .._host.root import HostError
from .._model.steps import DeviceStep, MakeDevice, PlannedDevice, RemoveDevice, SetHeterogeneousMode


def restore_devices(
    card: str, done: list[DeviceStep], later: Sequence[DeviceStep], make: Callable[[MakeDevice], None]
) -> int:
    """Create the removed devices of a card again, remove their steps from ``done``, and return their number.

    A card that already has some of its new devices keeps them, because guests may use them. Then only the devices that
    ``later`` steps would create again are restored, because others would take the room of new ones. Devices that cannot
    be restored are ignored, because the original failure is reported.
    """
    removed = [step for step in done if isinstance(step, RemoveDevice) and step.card == card]
    removed = [step for step in removed if step.device.state == "active"]
    known = {_identity(step) for step in removed}
    made = {_identity(step) for step in done if isinstance(step, MakeDevice) and step.card == card}
    wanted = known if made <= known else {_identity(step) for step in later if isinstance(step, MakeDevice)}
    number = 0
    for step in removed:
        device = step.device
        if _identity(step) in made or _identity(step) not in wanted:
            continue
        try:
            make(MakeDevice(card, PlannedDevice.of(device, card, device.attributes)))
        except HostError as error:
            if error.pending:
                break
            continue
        done.remove(step)
        number += 1
    return number


def _identity(step: Union[RemoveDevice, MakeDevice]) -> tuple[str, str, Optional[str]]:
    return step.device.parent, step.device.id, step.device.type_id


def describe(step: DeviceStep, removed: int, again: int) -> str:
    """Return what a failed step leaves behind on a card that was emptied for it."""
    if not removed or not (again or isinstance(step, (MakeDevice, SetHeterogeneousMode))):
        return ""
    return f". Removed from {step.card} before: {removed}" + (f". Created again: {again}" if again else "")
