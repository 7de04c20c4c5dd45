# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drivers of a host, and the quirks of their SR-IOV callbacks; every field is a knob for a test."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Optional

from .profile import HERE, Profile, ProfileError, read_yaml, typed


@dataclass
class Driver:
    """A driver as one row of data.

    ``sriov`` has an sriov_configure callback; ``lowers_total`` calls pci_sriov_set_totalvfs at probe;
    ``limit``/``limit_errno`` refuse more VFs; ``fails_with`` refuses any number; ``enables`` makes another
    number than asked; ``enables_all`` always makes all; ``silent`` reports success without doing anything,
    ``silent_when_down`` only if no interface is up; ``delay_on``/``delay_off`` are seconds; ``keeps_vfs``
    leaves the VFs at unbind; ``disowns_vfs`` ignores VFs that it found at probe; ``vfio`` gives the device to
    user space; ``shares_group`` may sit in an IOMMU group owned by user space.
    """

    name: str
    bus: str = "pci"
    module: Optional[str] = None
    sriov: bool = False
    limit: Optional[int] = None
    limit_errno: str = "EPERM"
    lowers_total: Optional[int] = None
    fails_with: Optional[str] = None
    enables: Optional[int] = None
    enables_all: bool = False
    silent: bool = False
    silent_when_down: bool = False
    delay_on: float = 0.0
    delay_off: float = 0.0
    keeps_vfs: bool = False
    disowns_vfs: bool = False
    vfio: bool = False
    shares_group: bool = False


@functools.lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, object]]:
    table: dict[str, dict[str, object]] = read_yaml(HERE / "data" / "drivers.yml")
    return table


def load_drivers(profile: Profile) -> dict[str, Driver]:
    """A fresh set of drivers by name, changed as the profile says. Raises ProfileError."""
    unknown = set(profile.drivers) - set(_table())
    if unknown:
        raise ProfileError(f"unknown drivers: {', '.join(sorted(unknown))}")
    return {
        name: typed(Driver, {"name": name, **row, **profile.drivers.get(name, {})}, f"driver {name}")
        for name, row in _table().items()
    }
