# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the steps of sriov_pf_mode. Each step has one function, which writes and reads back from the kernel."""

from __future__ import annotations

from typing import Any, Callable

from .._devices import eswitch, vf_settings
from .._devices.binding import SETTLE, bind, is_bound, native, read_bindings
from .._devices.pci import DEVICES
from .._devices.sriov import VIRTUAL_FUNCTION
from .._frameworks import nvidia_sriov, vf_drivers
from .._host.records import MODE_RECORDS, RUN_DIRECTORY, save_record
from .._host.root import HostError, HostRoot
from .._model.steps import (
    BindCard,
    BindVfs,
    KeepRecord,
    KeepRule,
    MakeVfs,
    OfferVfs,
    Remember,
    RemoveVfs,
    SetAutoprobe,
    SetSwitch,
    SetVfNetwork,
    SetVfShares,
)
from . import observe, records


def links(host: HostRoot, address: str) -> dict[int, str]:
    """Return the VFs of a card by index, from links. Reading ``sriov_numvfs`` could block forever."""
    found = {}
    # Links are readable even if the driver does not respond, so such a card does not seem to have no VFs.
    for name, target in host.links(f"{DEVICES}/{address}"):
        match = VIRTUAL_FUNCTION.match(name)
        if match:
            found[int(match[1])] = target.rpartition("/")[2]
    return dict(sorted(found.items()))


def _remove(host: HostRoot, step: RemoveVfs) -> None:
    if step.by_program:
        nvidia_sriov.run(host, step.card, enable=False)
        _rebind_gpu(host, step.card)
    else:
        host.write(f"{DEVICES}/{step.card}/sriov_numvfs", "0")
    _verify_number(host, step.card, 0)


def _make(host: HostRoot, step: MakeVfs) -> None:
    address, count = step.card, step.num_vfs
    if step.by_program:
        nvidia_sriov.run(host, address, enable=True)
        _rebind_gpu(host, address)
        count = host.read_number(f"{DEVICES}/{address}/sriov_totalvfs") or count
    else:
        if step.is_max:
            # The native driver may support fewer VFs than the card reports without it.
            count = host.read_number(f"{DEVICES}/{address}/sriov_totalvfs") or count
        vf_drivers.prepare(host, address, count)
        host.write(f"{DEVICES}/{address}/sriov_numvfs", str(count))
    _verify_number(host, address, count)


def _rebind_gpu(host: HostRoot, address: str) -> None:
    """Rebind a GPU after the program, which may fail and leave it without a driver."""
    wanted = native(nvidia_sriov.DRIVER)
    observed = read_bindings(host, [address])[address]
    if not is_bound(observed, wanted):
        bind(host, address, observed, wanted)


def _verify_number(host: HostRoot, address: str, count: int) -> None:
    def is_complete() -> bool:
        found = links(host, address)
        return len(found) == count and all(
            host.link_name(f"{DEVICES}/{virtual}/physfn") == address for virtual in found.values()
        )

    if not host.wait(is_complete, min(SETTLE, host.timeout)):
        driver = host.link_name(f"{DEVICES}/{address}/driver")
        raise HostError(
            f"{address} has {len(links(host, address))} virtual functions after the driver {driver} accepted {count}: "
            "some drivers do nothing while their interface is down or their firmware resets, do not know the functions "
            "of another driver, or always create all functions",
            f"{DEVICES}/{address}/sriov_numvfs",
            str(count),
        )


def _bind(host: HostRoot, step: BindCard) -> None:
    bind(host, step.card, read_bindings(host, [step.card])[step.card], step.binding)


def _bind_virtual_functions(host: HostRoot, step: BindVfs | OfferVfs) -> None:
    addresses = links(host, step.card)
    missing = [index for index in step.bindings if index not in addresses]
    if missing:
        raise HostError(f"{step.card} no longer has VF {missing[0]}", f"{DEVICES}/{step.card}/virtfn{missing[0]}")
    observed = read_bindings(host, [addresses[index] for index in step.bindings])
    for index, wanted in step.bindings.items():
        binding = observed[addresses[index]]
        if not is_bound(binding, wanted) or (binding.driver is None and wanted.driver is not None):
            bind(host, addresses[index], binding, wanted)


def _set_autoprobe(host: HostRoot, step: SetAutoprobe) -> None:
    path, value = f"{DEVICES}/{step.card}/sriov_drivers_autoprobe", str(int(step.is_on))
    host.write(path, value)
    if host.read(path) != value:
        raise HostError(f"/{path} reads {host.read(path)}, although {value} was written", path, value)


def _set_network(host: HostRoot, step: SetVfNetwork) -> None:
    found: tuple[str, ...] = ()

    def is_there() -> bool:
        nonlocal found
        found = observe.interfaces_of(host, step.card)
        return bool(found)

    # The interface appears only after the driver has initialized the card.
    if not host.wait(is_there, min(SETTLE, host.timeout)):
        raise HostError(f"{step.card} has no network interface, which is needed to set up its VFs", DEVICES)
    observe.through_interface(host, step.card, found, lambda host, name: vf_settings.apply(host, name, step.settings))


def _remember(host: HostRoot, step: Remember) -> None:
    save_record(host, step.kind, step.card, step.remembered, RUN_DIRECTORY)


def _keep_record(host: HostRoot, step: KeepRecord) -> None:
    save_record(host, MODE_RECORDS, step.card, records.completed(host, step.card, step.record))


def _keep_rule(host: HostRoot, step: KeepRule) -> None:
    records.save_rule(host, step.card, step.rule)


ACTIONS: dict[type, Callable[[HostRoot, Any], None]] = {
    RemoveVfs: _remove,
    MakeVfs: _make,
    BindCard: _bind,
    BindVfs: _bind_virtual_functions,
    OfferVfs: _bind_virtual_functions,
    SetAutoprobe: _set_autoprobe,
    SetSwitch: lambda host, step: eswitch.apply(host, step.card, step.mode),
    SetVfNetwork: _set_network,
    SetVfShares: lambda host, step: vf_drivers.apply(host, step.card, step.settings),
    Remember: _remember,
    KeepRecord: _keep_record,
    KeepRule: _keep_rule,
}
