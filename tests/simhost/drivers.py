# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drivers of a host with quirks of their SR-IOV callbacks; tests can change every field."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Optional

from .profile import HERE, Profile, ProfileError, read_yaml, typed


@dataclass
class Driver:
    """A driver as a row of data.

    ``sriov``: it has an sriov_configure callback. ``lowers_total``: it calls pci_sriov_set_totalvfs at probe. ``limit``
    and ``limit_errno``: it rejects more VFs. ``fails_with``: it rejects any number. ``enables``: it creates another
    number than requested. ``enables_all``: it always creates all. ``silent``: it reports success without effect.
    ``silent_when_down``: the same if no interface is up. ``delay_on`` and ``delay_off``: in seconds. ``keeps_vfs``:
    unbind does not remove VFs. ``disowns_vfs``: it ignores VFs that exist at probe. ``vfio``: it offers the device to
    user space. ``shares_group``: it may be in an IOMMU group that user space owns.
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
    """Return new drivers by name with the changes of the profile. Raises ProfileError."""
    unknown = set(profile.drivers) - set(_table())
    if unknown:
        raise ProfileError(f"unknown drivers: {', '.join(sorted(unknown))}")
    return {
        name: typed(Driver, {"name": name, **row, **profile.drivers.get(name, {})}, f"driver {name}")
        for name, row in _table().items()
    }
