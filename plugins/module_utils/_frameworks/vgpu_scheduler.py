# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the scheduler of NVIDIA GPUs, which divides their time among time-sliced vGPUs (registry key RmPVMRL).

Source: NVIDIA vGPU user guide, "Changing Scheduling Behavior for Time-Sliced vGPUs". The module parameters of the
driver set the key for all GPUs or for each GPU. Their file shows the values from the load of the driver
(open-gpu-kernel-modules, kernel-open/nvidia/nv-procfs.c). NVML can change the scheduler until the driver is unloaded;
no file shows this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, Optional

from .._core.grammar import PCI_ADDRESS
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot

PARAMETERS = "proc/driver/nvidia/params"
KEY = "RmPVMRL"
ALL, EACH = "RegistryDwords", "RegistryDwordsPerDevice"
LINE = lazy_pattern(r'^(\w+): "(.*)"$', re.MULTILINE)
BEST_EFFORT, EQUAL_SHARE, FIXED_SHARE = POLICIES = ("best_effort", "equal_share", "fixed_share")
MOST_SLICE = 30  # ms
OPTIONS = "/etc/modprobe.d/nvidia.conf"


class Scheduler(NamedTuple):
    """The scheduler of a GPU; a number is None if the driver chooses it."""

    policy: str
    time_slice_ms: Optional[int] = None
    averaging_factor: Optional[int] = None
    frequency: Optional[int] = None  # Hz
    registry: Optional[str] = None  # value of the key, None if it is not set


def observe(host: HostRoot, addresses: Iterable[str]) -> dict[str, Scheduler]:
    """Return the scheduler of GPUs by address; empty if the driver does not report its parameters."""
    text = host.read(PARAMETERS, optional=True)
    return {} if text is None else parse(text, addresses)


def parse(text: str, addresses: Iterable[str]) -> dict[str, Scheduler]:
    """Return the scheduler by address from the parameters' text. The key of a GPU overrides the key of all GPUs."""
    parameters = dict(LINE.findall(text))
    common = _keys(parameters.get(ALL, "")).get(KEY)
    own: dict[str, str] = {}
    address = ""
    for name, value in _pairs(parameters.get(EACH, "")):
        if name == "pci":
            address = value.lower()
        elif name == KEY and PCI_ADDRESS.match(address):
            own[address] = value
    return {one: decode(own.get(one, common)) for one in addresses}


def decode(value: Optional[str]) -> Scheduler:
    """Return the scheduler of a registry value: 0x00TT0001 with a time slice, 0xAAFFF001 with factor and frequency."""
    try:
        number = int(value or "0", 0)
    except ValueError:
        return Scheduler("unknown", registry=value)
    if not number & 1:
        return Scheduler(BEST_EFFORT, registry=value)
    policy = FIXED_SHARE if number & 0x10 else EQUAL_SHARE
    factor = number >> 24 & 0xFF
    if factor:
        return Scheduler(policy, None, factor, (number >> 12 & 0xFFF) or None, value)
    return Scheduler(policy, (number >> 16 & 0xFF) or None, registry=value)


def encode(policy: str, time_slice_ms: Optional[int]) -> str:
    """Return the registry value of a scheduler."""
    if policy == BEST_EFFORT:
        return "0x00"
    low = 0x11 if policy == FIXED_SHARE else 0x01
    return f"0x{time_slice_ms << 16 | low:08x}" if time_slice_ms else f"0x{low:02x}"


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in text.split(";"))
    return [(name.strip(), value.strip()) for name, _equals, value in parts]


def _keys(text: str) -> dict[str, str]:
    return dict(_pairs(text))
