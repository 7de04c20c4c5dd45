# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Bind a PCI function to a driver: ``driver_override``, unbind, ``drivers_probe``, and read back.

What is wanted is a dictionary: ``driver`` (a name, None for no driver, or :data:`CHOICE`), ``override`` (what
``driver_override`` shall be, None for unset), ``exact`` (both must be just so) and ``optional`` (where the kernel finds
no driver, that is as well).
"""

from __future__ import annotations

from typing import Any

from .._host.root import HostError, HostRoot
from .pci import DEVICES
from .sriov import is_vfio_driver, normal_override

DRIVERS = "sys/bus/pci/drivers"
PROBE = "sys/bus/pci/drivers_probe"
# Whatever the kernel's own matching gives, but no VFIO driver.
CHOICE = "*"
# An override that is no driver's name keeps all drivers away (Documentation/ABI/testing/sysfs-bus-pci).
NOBODY = "none"
DEFAULT = "default"
# Seconds for something to appear that is usually there when the write returns.
SETTLE = 5.0

Wanted = dict[str, Any]


def native(driver: str | None = None, optional: bool = False) -> Wanted:
    """Bound without an override: to ``driver``, or to what the kernel's matching gives."""
    return {"driver": driver or CHOICE, "override": None, "exact": False, "optional": optional}


def binding_of_option(text: str) -> Wanted:
    """What the options ``driver`` and ``vf_driver`` mean: a name, ``none`` or ``default``."""
    if text == DEFAULT:
        return native(optional=True)
    if text == NOBODY:
        return {"driver": None, "override": NOBODY, "exact": True, "optional": False}
    return {"driver": text, "override": text, "exact": False, "optional": False}


def exactly(override: str | None, driver: str | None) -> Wanted:
    return {"driver": driver, "override": override, "exact": True, "optional": False}


def is_bound(override: str | None, driver: str | None, wanted: Wanted) -> bool:
    """Whether a function is bound as it shall be."""
    if wanted["exact"]:
        return (override, driver) == (wanted["override"], wanted["driver"])
    if wanted["driver"] == CHOICE:
        return override is None and has_driver(driver, wanted)
    return has_driver(driver, wanted) and override in (None, wanted["driver"])


def has_driver(driver: str | None, wanted: Wanted) -> bool:
    """The same without a look at the override."""
    if wanted["driver"] == CHOICE:
        return not is_vfio_driver(driver) and (driver is not None or wanted["optional"])
    return bool(driver == wanted["driver"])


def read_bindings(host: HostRoot, addresses: list[str]) -> dict[str, tuple[str | None, str | None]]:
    """By address the override and the driver of functions."""
    overrides = host.read_all([f"{DEVICES}/{address}/driver_override" for address in addresses], optional=True)
    return {
        address: (
            normal_override(overrides[f"{DEVICES}/{address}/driver_override"]),
            host.link_name(f"{DEVICES}/{address}/driver"),
        )
        for address in addresses
    }


def bind(host: HostRoot, address: str, observed: tuple[str | None, str | None], wanted: Wanted) -> None:
    """Bind a function as wanted; ``observed`` is what :func:`observe` said of it."""
    override, driver = observed
    if override != wanted["override"] and not is_bound(override, driver, wanted):
        host.write(f"{DEVICES}/{address}/driver_override", (wanted["override"] or "") + "\n")
    if driver is not None and not has_driver(driver, wanted):
        host.write(f"{DEVICES}/{address}/driver/unbind", address)
        driver = None
    if driver is None and wanted["driver"] is not None:
        _probe(host, address, wanted)
    found: list[tuple[str | None, str | None]] = []

    def settled() -> bool:
        found[:] = [read_bindings(host, [address])[address]]
        return is_bound(*found[0], wanted)

    if not host.wait(settled, min(SETTLE, host.timeout)):
        override, driver = found[0]
        raise HostError(
            f"{address} is bound to {driver or 'no driver'} with driver_override {override or 'unset'} after it was to "
            f"be bound to {describe_binding(wanted)}",
            f"{DEVICES}/{address}/driver",
        )


def _probe(host: HostRoot, address: str, wanted: Wanted) -> None:
    name = wanted["driver"]
    if name == CHOICE or wanted["override"] is not None:
        # A driver's refusal is not told by this file: it only leaves the function unbound.
        host.write(PROBE, address)
        if name == CHOICE or host.link_name(f"{DEVICES}/{address}/driver") == name:
            return
    if host.link_name(f"{DEVICES}/{address}/driver") is None:
        host.write(f"{DRIVERS}/{name}/bind", address)


def describe_binding(wanted: Wanted) -> str:
    if wanted["driver"] is None:
        return "no driver"
    return "its native driver" if wanted["driver"] == CHOICE else str(wanted["driver"])
