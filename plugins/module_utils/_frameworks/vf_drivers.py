# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Handle GPU drivers that assign shares to VFs, and GPU drivers that create VFs when they are loaded.

A new driver needs a file in this package, with the names of ``SharesDriver`` or ``LoadedDriver``, and a line here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Optional, Protocol

from .._devices.pci import DEVICES
from .._host.root import HostError, HostRoot
from .._model.host import VfSettings
from . import amd_gim, intel_i915, intel_xe
from .vf_shares import Shown


class SharesDriver(Protocol):
    """A driver that gives each VF a share of its GPU. ``address`` is that of the card, settings are by VF index."""

    DRIVER: str  # its name in sysfs
    NAMES: tuple[str, ...]  # the fields of VfSettings that it may support
    REQUIREMENT: str  # the driver with its version, for messages

    def observe(self, host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, VfSettings]:
        """Return the shares of VFs; empty if the card does not support shares."""

    def facts(self, host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, Shown]:
        """Return the shares of VFs for the facts."""

    def check(self, wanted: Mapping[int, VfSettings], known: Mapping[int, VfSettings], count: int) -> list[str]:
        """Return the errors in the shares of the ``count`` VFs of a card; ``known`` are the current ones."""

    def apply(self, host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
        """Write the shares that differ and read them back; raise HostError on failure."""

    def prepare(self, host: HostRoot, address: str, count: int) -> None:
        """Prepare the driver for ``count`` new VFs; raise HostError if the VFs would be unusable."""


class LoadedDriver(Protocol):
    """A driver that creates VFs only when it is loaded."""

    DRIVER: str  # its name in sysfs

    def refuse_number(self, present: int, count: int) -> str:
        """Return why the number of VFs cannot change from ``present`` to ``count`` at run time, with the remedy."""


OF_SHARES: tuple[SharesDriver, ...] = (intel_xe, intel_i915)
OF_LOADING: tuple[LoadedDriver, ...] = (amd_gim,)
SHARES = {one.DRIVER: one for one in OF_SHARES}
LOADED = {one.DRIVER: one for one in OF_LOADING}


def shares_of(driver: Optional[str]) -> Optional[SharesDriver]:
    """Return the module for the shares of a driver, or None."""
    return SHARES.get(driver or "")


def requirement(names: set[str]) -> str:
    """Return the drivers that support VF settings with these names, for a message."""
    able = [one.REQUIREMENT for one in SHARES.values() if names <= set(one.NAMES)]
    return " or ".join(able) or "drivers of their own, of which none has all of them"


def apply(host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
    """Set the shares of VFs of a card. Raise HostError if its current driver does not support shares."""
    driver = _driver(host, address)
    shares = shares_of(driver)
    if shares is None:
        raise HostError(f"the driver of {address}, {driver or 'none'}, has no shares for VFs", f"{DEVICES}/{address}")
    shares.apply(host, address, wanted)


def prepare(host: HostRoot, address: str, count: int) -> None:
    """Prepare the driver of a card for ``count`` new VFs. Raise HostError if the VFs would be unusable."""
    shares = shares_of(_driver(host, address))
    if shares is not None:
        shares.prepare(host, address, count)


def _driver(host: HostRoot, address: str) -> Optional[str]:
    return host.link_name(f"{DEVICES}/{address}/driver")
