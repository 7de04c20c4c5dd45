# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write the shares of an Intel GPU that the driver xe gives to each VF.

They are in ``sriov_admin`` of the card since Linux 6.19 (Documentation/ABI/testing/sysfs-driver-intel-xe-sriov,
drivers/gpu/drm/xe/xe_sriov_pf_sysfs.c). Each possible VF has a directory, enabled or not; the first one is ``vf1``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Optional

from .._core.patterns import lazy_pattern
from .._devices.pci import DEVICES
from .._host.root import HostRoot
from .._model.host import VfSettings
from .vf_shares import Shown, settings_of, shown, write_shares

DRIVER = "xe"
# Cards without own memory and older kernels do not have this quota.
NAMES: tuple[str, ...] = ("exec_quantum_ms", "preempt_timeout_us", "vram_quota")
REQUIREMENT = "the driver xe and a kernel that has this setting below sriov_admin (Linux 6.19 or later)"
PRIORITY = "sched_priority"
# The current choice is in brackets.
CURRENT = lazy_pattern(r"\[(\w+)\]")


def observe(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, VfSettings]:
    """Return the shares of VFs by index; empty if kernel or card do not support shares."""
    if not host.exists(f"{DEVICES}/{address}/sriov_admin"):
        return {}
    return {index: _read(host, address, index) for index in sorted(set(indices))}


def facts(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, Shown]:
    """Return the shares of VFs for the facts, with the scheduling priority."""
    return {
        index: {**shown(settings, NAMES), PRIORITY: priority(host, address, index)}
        for index, settings in observe(host, address, indices).items()
    }


def priority(host: HostRoot, address: str, index: int) -> Optional[str]:
    """Return the scheduling priority of a VF; the firmware can change it only for all VFs together."""
    current = CURRENT.search(host.read(_path(address, index, PRIORITY), optional=True) or "")
    return current[1] if current else None


def check(wanted: Mapping[int, VfSettings], known: Mapping[int, VfSettings], count: int) -> list[str]:
    """Return the errors in the shares of the ``count`` VFs of a card; this driver has no rules for them."""
    return []


def apply(host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
    """Write the shares that differ and read them back."""
    write_shares(host, observe(host, address, wanted), wanted, lambda index, name: [_path(address, index, name)])


def prepare(host: HostRoot, address: str, count: int) -> None:
    """Do nothing before ``count`` VFs are created: a VF without shares gets a part of the rest."""


def _read(host: HostRoot, address: str, index: int) -> VfSettings:
    return settings_of(host, NAMES, lambda name: _path(address, index, name))


def _path(address: str, index: int, name: str) -> str:
    return f"{DEVICES}/{address}/sriov_admin/vf{index + 1}/profile/{name}"
