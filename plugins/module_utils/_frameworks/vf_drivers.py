# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Handle GPU drivers that assign shares to VFs, and GPU drivers that create VFs when they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Optional

from .._devices.pci import DEVICES
from .._host.root import HostError, HostRoot
from .._model.host import VfSettings
from . import amd_gim, intel_i915, intel_xe

# Each module defines NAMES, REQUIREMENT, observe, facts, check, apply and prepare.
SHARES: dict[str, ModuleType] = {one.DRIVER: one for one in (intel_xe, intel_i915)}
# Each module defines refuse_number.
LOADED: dict[str, ModuleType] = {one.DRIVER: one for one in (amd_gim,)}


def shares_of(driver: Optional[str]) -> Optional[ModuleType]:
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
