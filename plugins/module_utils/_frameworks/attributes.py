# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate and write attributes that a driver gives to a mediated device; reject other files of its directory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._core import numbers
from .._core.grammar import ATTRIBUTE, OF_THE_KERNEL
from .._core.patterns import lazy_pattern
from .._host.root import HostError, HostRoot

# A directory with one of these is another device, and not an attribute group.
OF_A_DEVICE = ("uevent", "subsystem")
# Maps prefixes of type ids to the attributes that their driver supports. Attributes of other drivers are unknown.
VGPU_PARAMS = "nvidia/vgpu_params"
OF_TYPES = {
    "nvidia-": (VGPU_PARAMS, "nvidia/placement_id"),
    "vfio_ap-": ("assign_adapter", "assign_domain", "assign_control_domain", "ap_config"),
    **dict.fromkeys(("vfio_ccw-", "i915-GVTg", "mtty-", "mdpy-", "mbochs-"), ()),
}
# NVIDIA plugin parameters, such as frame_rate_limiter=0,disable_vnc=1; a blank would clear them.
PARAMETERS = lazy_pattern(r"[a-z]\w*=[\w.:/-]+(,[a-z]\w*=[\w.:/-]+)*\Z", re.ASCII)
MOST_PARAMETERS = 1023
# The buffer of an attribute is one page, and the kernel needs one byte of it for the end.
MOST_BYTES = 4095


def check(attribute: Any) -> tuple[str, str]:
    """Return name and value of a dictionary with one key; raise ``ValueError`` if it cannot be an attribute."""
    if not isinstance(attribute, dict) or len(attribute) != 1:
        given = f"has {len(attribute)}" if isinstance(attribute, dict) else f"is {numbers.shown(attribute)}"
        raise ValueError(f"an attribute must have exactly one key, but this one {given}")
    ((name, value),) = attribute.items()
    shown = numbers.shown(name)
    if not isinstance(name, str) or not ATTRIBUTE.match(name):
        raise ValueError(f"{shown} is not the name of an attribute such as assign_adapter or nvidia/vgpu_params")
    own = next((part for part in name.split("/") if OF_THE_KERNEL.match(part)), None)
    if own:
        raise ValueError(
            f"attribute {shown} with the value {numbers.shown(value)} is not a setting of the device, because {own} "
            "belongs to the kernel. Remove the attribute"
        )
    text = _text(name, value)
    if name == VGPU_PARAMS and (len(text) > MOST_PARAMETERS or not PARAMETERS.match(text)):
        raise ValueError(
            f"attribute {name} must be name=value, or several with commas, up to {MOST_PARAMETERS} characters, such as "
            f"frame_rate_limiter=0, and not {numbers.shown(value)}"
        )
    return name, text


def why_not(what: str, known: tuple[str, ...] | None, attributes: Iterable[tuple[str, str]]) -> str | None:
    """Return why the device ``what`` cannot have the attributes, or None; ``known`` are those that it supports."""
    names = dict.fromkeys(name for name, _value in attributes)
    wrong = [name for name in names if known is not None and name not in known]
    if not wrong:
        return None
    has = f"only has {', '.join(known)}" if known else "has no attributes"
    shown = ", ".join(name if ATTRIBUTE.match(name) else numbers.shown(name) for name in wrong)
    return f"attribute {shown} cannot be set, because {what} {has}. Remove the attribute"


def of_type(type_id: str) -> tuple[str, ...] | None:
    """Return the attributes of an mdev type, or None if they are unknown."""
    return next((names for beginning, names in OF_TYPES.items() if type_id.startswith(beginning)), None)


def write(host: HostRoot, device: str, name: str, value: str) -> None:
    """Write an attribute of a device; raise HostError if this fails or the path leaves the device."""
    path = device
    for part in name.split("/"):
        path = f"{path}/{part}"
        if host.link(path) is not None:
            raise HostError(f"/{path} is a link out of the device, and not an attribute", path, value)
    group = path.rpartition("/")[0]
    if group != device and any(host.exists(f"{group}/{entry}") for entry in OF_A_DEVICE):
        raise HostError(f"{group} is another device, and not a group of attributes", path, value)
    host.write(path, value)


def _text(name: str, value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**numbers.SHOWN
    text = str(value) if is_number or isinstance(value, str) else ""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if "\0" in text or not 0 < size <= MOST_BYTES:
        raise ValueError(
            f"attribute {name} must have a value of 1 to {MOST_BYTES} characters, and not {numbers.shown(value)}"
        )
    return text
