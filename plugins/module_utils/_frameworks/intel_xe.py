# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Shares of an Intel GPU that its driver xe gives to each VF, in ``sriov_admin`` of the card since Linux 6.19
(Documentation/ABI/testing/sysfs-driver-intel-xe-sriov, drivers/gpu/drm/xe/xe_sriov_pf_sysfs.c).

The directories exist for all VFs that the card can have, whether they are enabled or not; their first is ``vf1``.
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
# Cards without memory of their own, and kernels before it, have no quota.
QUOTA = "vram_quota"
PRIORITY = "sched_priority"
NAMES = ("exec_quantum_ms", "preempt_timeout_us", QUOTA)
# Of the choices the current one is in brackets.
CURRENT = re.compile(r"\[(\w+)\]")
MOST = (1 << 63) - 1


def observe(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, VfSettings]:
    """By index the shares of VFs; empty where the kernel or the card has none."""
    if not host.exists(f"{DEVICES}/{address}/sriov_admin"):
        return {}
    return {index: _read(host, address, index) for index in sorted(set(indices))}


def priority(host: HostRoot, address: str, index: int) -> Optional[str]:
    """The scheduling priority of a VF, which the firmware only lets change for all VFs together."""
    text = host.read(f"{_profile(address, index)}/{PRIORITY}", optional=True) or ""
    current = CURRENT.search(text)
    return current[1] if current else None


def apply(host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
    """Write what differs, smaller quotas first, which leave room for the larger ones, and read it back."""
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
