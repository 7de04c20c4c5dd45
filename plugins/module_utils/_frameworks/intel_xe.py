# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write the shares of an Intel GPU that the driver xe gives to each VF.

They are in ``sriov_admin`` of the card since Linux 6.19 (Documentation/ABI/testing/sysfs-driver-intel-xe-sriov,
drivers/gpu/drm/xe/xe_sriov_pf_sysfs.c). Each possible VF has a directory, enabled or not; the first one is ``vf1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Optional

from .._devices.pci import DEVICES
from .._host.root import HostError, HostRoot
from .._model.host import VfSettings

DRIVER = "xe"
MIB = 1 << 20
# Missing on cards without memory of their own, and in older kernels.
QUOTA = "vram_quota"
PRIORITY = "sched_priority"
NAMES = ("exec_quantum_ms", "preempt_timeout_us", QUOTA)
# The current choice is in brackets.
CURRENT = re.compile(r"\[(\w+)\]")
MOST = (1 << 63) - 1


def observe(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, VfSettings]:
    """Return the shares of VFs by index; empty if kernel or card do not support shares."""
    if not host.exists(f"{DEVICES}/{address}/sriov_admin"):
        return {}
    return {index: _read(host, address, index) for index in sorted(set(indices))}


def priority(host: HostRoot, address: str, index: int) -> Optional[str]:
    """Return the scheduling priority of a VF; the firmware can change it only for all VFs together."""
    text = host.read(f"{_profile(address, index)}/{PRIORITY}", optional=True) or ""
    current = CURRENT.search(text)
    return current[1] if current else None


def apply(host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
    """Write the shares that differ and read them back. Lower quotas come first to make room for higher ones."""
    found = observe(host, address, wanted)
    changes = []
    for index, settings in wanted.items():
        before = found.get(index, VfSettings())
        for name in settings.names:
            new, old = getattr(settings, name), getattr(before, name)
            if new != old:
                changes.append((name == QUOTA and new > (old or 0), index, name, new))
    for _is_more, index, name, new in sorted(changes):
        path = f"{_profile(address, index)}/{name}"
        host.write(path, str(new * MIB if name == QUOTA else new))
        now = getattr(_read(host, address, index), name)
        if now != new:
            raise HostError(f"{path} has {now}, although {new} was written", path, str(new))


def _profile(address: str, index: int) -> str:
    return f"{DEVICES}/{address}/sriov_admin/vf{index + 1}/profile"


def _read(host: HostRoot, address: str, index: int) -> VfSettings:
    profile = _profile(address, index)
    values = {name: host.read_number(f"{profile}/{name}", optional=True, most=MOST) for name in NAMES}
    quota = values[QUOTA]
    return VfSettings(
        exec_quantum_ms=values["exec_quantum_ms"],
        preempt_timeout_us=values["preempt_timeout_us"],
        vram_quota=None if quota is None else quota // MIB,
    )
