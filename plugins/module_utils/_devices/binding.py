# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Bind a PCI function to a driver with ``driver_override``, unbind and ``drivers_probe``, and read it back."""

from __future__ import annotations

from .._host.root import HostError, HostRoot
from .._model.host import Binding
from .._model.wanted import BindingWanted
from . import claimed_ids
from .pci import DEVICES
from .sriov import is_vfio_driver, normal_override

DRIVERS = "sys/bus/pci/drivers"
PROBE = "sys/bus/pci/drivers_probe"
# Any driver that the kernel's own matching selects, except VFIO drivers.
CHOICE = "*"
# An override that is not a driver name prevents all drivers (Documentation/ABI/testing/sysfs-bus-pci).
NO_DRIVER = "none"
DEFAULT = "default"
# In seconds: the timeout for a state that usually exists when the write returns.
SETTLE = 5.0


def native(driver: str | None = None, optional: bool = False) -> BindingWanted:
    """Return a binding without override: to ``driver``, or to the driver that the kernel selects."""
    return BindingWanted(driver or CHOICE, is_optional=optional)


def binding_of_option(text: str) -> BindingWanted:
    """Return the binding for a value of ``driver`` or ``vf_driver``: a name, ``none`` or ``default``."""
    if text == DEFAULT:
        return native(optional=True)
    if text == NO_DRIVER:
        return BindingWanted(None, NO_DRIVER, is_exact=True)
    return BindingWanted(text, text)


def exactly(binding: Binding) -> BindingWanted:
    """Return an observed binding as a desired one, for a rollback."""
    return BindingWanted(binding.driver, binding.override, is_exact=True)


def is_bound(binding: Binding, wanted: BindingWanted) -> bool:
    """Return whether a function has the desired driver, and no override that conflicts with it."""
    if wanted.is_exact:
        return binding == (wanted.override, wanted.driver)
    if wanted.driver == CHOICE:
        return binding.override is None and has_driver(binding.driver, wanted)
    return has_driver(binding.driver, wanted) and binding.override in (None, wanted.driver)


def has_driver(driver: str | None, wanted: BindingWanted) -> bool:
    """Return whether a function has the desired driver, whatever its override."""
    if wanted.driver == CHOICE:
        return not is_vfio_driver(driver) and (driver is not None or wanted.is_optional)
    return driver == wanted.driver


def read_bindings(host: HostRoot, addresses: list[str]) -> dict[str, Binding]:
    """Return the binding of each function by address."""
    overrides = host.read_all([f"{DEVICES}/{address}/driver_override" for address in addresses], optional=True)
    return {
        address: Binding(
            normal_override(overrides[f"{DEVICES}/{address}/driver_override"]),
            host.link_name(f"{DEVICES}/{address}/driver"),
        )
        for address in addresses
    }


def bind(host: HostRoot, address: str, observed: Binding, wanted: BindingWanted) -> None:
    """Bind a function to the desired driver; ``observed`` is its result of :func:`read_bindings`."""
    driver = observed.driver
    if observed.override != wanted.override and not is_bound(observed, wanted):
        host.write(f"{DEVICES}/{address}/driver_override", (wanted.override or "") + "\n")
    if driver is not None and not has_driver(driver, wanted):
        host.write(f"{DEVICES}/{address}/driver/unbind", address)
        driver = None
    if driver is None and wanted.driver is not None:
        _probe(host, address, wanted)
    found: list[Binding] = []

    def settled() -> bool:
        found[:] = [read_bindings(host, [address])[address]]
        return is_bound(found[0], wanted)

    if not host.wait(settled, min(SETTLE, host.timeout)):
        by_ids = wanted.driver == CHOICE and found[0].override is None and is_vfio_driver(found[0].driver)
        raise HostError(
            f"{address} is bound to {found[0].driver or 'no driver'} with driver_override "
            f"{found[0].override or 'unset'}, and not to {describe_binding(wanted)} as requested"
            f"{claimed_ids.advice_for(host, address) if by_ids else ''}",
            f"{DEVICES}/{address}/driver",
        )


def _probe(host: HostRoot, address: str, wanted: BindingWanted) -> None:
    name = wanted.driver
    if name == CHOICE or wanted.override is not None:
        # This write succeeds even if the driver rejects the function, which then stays unbound.
        host.write(PROBE, address)
        if name == CHOICE or host.link_name(f"{DEVICES}/{address}/driver") == name:
            return
    if host.link_name(f"{DEVICES}/{address}/driver") is None:
        host.write(f"{DRIVERS}/{name}/bind", address)


def describe_binding(wanted: BindingWanted) -> str:
    """Return the desired driver for a message."""
    if wanted.driver is None:
        return "no driver"
    return "its native driver" if wanted.driver == CHOICE else wanted.driver
