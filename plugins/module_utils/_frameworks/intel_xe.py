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
from .._host.root import HostRoot
from .._model.host import VfSettings
from .shares import Shown, settings_of, write_shares

DRIVER = "xe"
# Cards without memory of their own, and kernels before it, have no quota.
NAMES = ("exec_quantum_ms", "preempt_timeout_us", "vram_quota")
REQUIREMENT = "the driver xe and a kernel that has this setting below sriov_admin (Linux 6.19 or later)"
PRIORITY = "sched_priority"
# Of the choices the current one is in brackets.
CURRENT = re.compile(r"\[(\w+)\]")


def observe(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, VfSettings]:
    """By index the shares of VFs; empty where the kernel or the card has none."""
    if not host.exists(f"{DEVICES}/{address}/sriov_admin"):
        return {}
    return {index: _read(host, address, index) for index in sorted(set(indices))}


def facts(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, Shown]:
    """The same for the facts, with the priority."""
    return {
        index: {
            **{name: getattr(settings, name) for name in NAMES},
            PRIORITY: priority(host, address, index),
        }
        for index, settings in observe(host, address, indices).items()
    }


def priority(host: HostRoot, address: str, index: int) -> Optional[str]:
    """The scheduling priority of a VF, which the firmware only lets change for all VFs together."""
    current = CURRENT.search(host.read(_path(address, index, PRIORITY), optional=True) or "")
    return current[1] if current else None


def check(wanted: Mapping[int, VfSettings], known: Mapping[int, VfSettings], count: int) -> list[str]:
    """What the driver would reject in the shares of the ``count`` VFs of a card."""
    return []


def apply(host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
    """Write what differs, and read it back."""
    write_shares(host, observe(host, address, wanted), wanted, lambda index, name: [_path(address, index, name)])


def prepare(host: HostRoot, address: str, count: int) -> None:
    """Nothing has to be done before ``count`` VFs are made: a VF without shares gets its part of the rest."""


def _read(host: HostRoot, address: str, index: int) -> VfSettings:
    return settings_of(host, NAMES, lambda name: _path(address, index, name))


def _path(address: str, index: int, name: str) -> str:
    return f"{DEVICES}/{address}/sriov_admin/vf{index + 1}/profile/{name}"
