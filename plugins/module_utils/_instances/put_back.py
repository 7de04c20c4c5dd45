# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The way back of a replacement that has failed before its first new device: the card gets its devices again."""

from __future__ import annotations

from typing import Callable

from .._host.root import HostError
from .._model.work import AllowSizes, DeviceStep, MakeDevice, PlannedDevice, RemoveDevice


def put_back(card: str, done: list[DeviceStep], make: Callable[[MakeDevice], None]) -> int:
    """Make the removed devices of a card again; returns how many, and takes their steps out of ``done``.

    A card that has some of its new devices keeps these, since guests may have them already. What cannot be made again
    stays away: the failure that led here names its reason.
    """
    if any(isinstance(step, MakeDevice) and step.card == card for step in done):
        return 0
    number = 0
    for step in [*done]:
        if not isinstance(step, RemoveDevice) or step.card != card or step.device.state != "active":
            continue
        device = step.device
        place = (card, device.parent, device.framework, device.uuid, device.address)
        try:
            make(MakeDevice(card, PlannedDevice(*place, device.type_id, device.type_name, device.attributes)))
        except HostError as error:
            if error.pending:
                break
            continue
        done.remove(step)
        number += 1
    return number


def describe(step: DeviceStep, removed: int, again: int) -> str:
    """What a failed step leaves behind on a card that was cleared for it."""
    if not removed or not (again or isinstance(step, (MakeDevice, AllowSizes))):
        return ""
    return f". Removed from {step.card} before: {removed}" + (f". Created again: {again}" if again else "")
