# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Explain the failure of a step of mdev_instance for the result."""

from __future__ import annotations

from .._host.errors import with_remedy
from .._host.root import HostError
from .._model.steps import DeviceStep, KeepDefinition, KeepDevices, MakeDevice, SetHeterogeneousMode

# Meaning and remedy of errnos of the kernel or a driver in this context.
REMEDIES = {
    "EEXIST": "another device has this UUID. Use another UUID, or wait until the old device is removed",
    "EINVAL": "the kernel does not accept this value",
    "ENODEV": "the parent is being removed with its driver",
    "ENOMEM": "the host is out of memory",
    "EAGAIN": "the driver is not ready yet. Run the play again later",
    "EUSERS": "the parent has no free instance left",
    "ENOSPC": "the parent has no room left for this type",
    "EIO": (
        "read the reason of the driver in the kernel log (dmesg): for example a full GPU, another type on it, or a "
        "missing licence"
    ),
    "EPERM": "the driver does not allow it now: the device is open, or its type must be cleared first",
    "EBUSY": "the driver is busy. Run the play again later",
    "ERANGE": "the driver does not know such a type",
    "EADDRINUSE": "another device already has these resources",
    "EADDRNOTAVAIL": "the host keeps these resources for itself",
    "ENOENT": "it does not exist. Gather the facts again",
    "EACCES": "run as root (become: true). If the play runs as root, the file is not writable at all",
}


def explain(step: DeviceStep, error: HostError) -> str:
    remedy = REMEDIES.get(error.errno or "") if error.of_device else None
    return with_remedy(f"cannot {_attempt(step)}: {error}", remedy)


def _attempt(step: DeviceStep) -> str:
    if isinstance(step, KeepDevices):
        return f"record {step.card} on {step.card}"
    if isinstance(step, KeepDefinition):
        return f"{'undefine' if step.prevents_creation else 'define'} {step.uuid} on {step.parent}"
    if isinstance(step, SetHeterogeneousMode):
        return f"enable vGPUs of several framebuffer sizes on {step.card}"
    device, verb = step.device, "create" if isinstance(step, MakeDevice) else "remove"
    return f"{verb} {device.id}" + (f" of type {device.type_id}" if device.type_id else "") + f" on {device.parent}"
