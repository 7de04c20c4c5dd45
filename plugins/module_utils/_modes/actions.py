# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Carry out the steps of sriov_pf_mode, each read back from the kernel; after a failure put a card back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from .._devices import eswitch, vf_settings
from .._devices.binding import SETTLE, bind, is_bound, native, read_bindings
from .._devices.pci import DEVICES
from .._devices.sriov import VIRTUAL_FUNCTION
from .._frameworks import nvidia_sriov
from .._host.records import DIRECTORY, RUN_DIRECTORY, record_path, record_text, save_record
from .._host.root import HostError, HostRoot
from . import observe
from .records import MODE_RECORDS, completed, rule_path, save_rule
from .steps import Step, plan_steps, present_target

# What an errno of the kernel or of a driver means here, and what to do.
REMEDIES = {
    "ENOENT": "its driver cannot make virtual functions, or it has none",
    "ERANGE": "this driver cannot make so many",
    "EBUSY": "the driver is busy with it, or its functions are in use; run again later",
    "EPERM": "the driver refuses this number, or says that its functions are assigned",
    "EINVAL": "the driver does not take this device or this number",
    "EOPNOTSUPP": "the driver cannot do it in its present mode, or not so many",
    "ENOMEM": "switch SR-IOV and Above 4G Decoding on in the firmware, or add pci=realloc to the kernel's command line",
    "EAGAIN": "the driver is resetting the card; run again later",
    "EIO": "the kernel log has the driver's reason",
    "ENODEV": "the driver does not take this device, or the device is gone",
    "EACCES": "run as root (become: true); what root gets this from cannot be written at all",
}


# A card with its target and steps.
Planned = dict[str, Any]
# What the next steps of a planned card would end now.
Uses = Callable[[Planned, list[Step]], list[str]]


class Outcome:
    """What has been done with one card so far."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self.error: str | None = None
        self.pending = False
        # After a failure: whether the card is as it was, and what is not.
        self.restored: bool | None = None
        self.seconds = 0.0
        # There was no time for it.
        self.left = False


def apply(
    host: HostRoot,
    planned: list[Planned],
    budget: float | None = None,
    uses: Uses | None = None,
) -> dict[str, Outcome]:
    """By address what came of each card. After a deadline nothing else is begun: the kernel may hold a global lock.

    With ``budget`` no card is begun after so many seconds, but at least one is done. After a failure all others are
    tried, so that nothing is tried again by whoever continues. ``uses`` says of a planned card and its next
    steps what uses these would end now: it is asked before a card is begun, and directly before each of its steps.
    """
    outcomes: dict[str, Outcome] = {}
    end = None if budget is None else host.now() + budget
    for one in planned:
        so_far = list(outcomes.values())
        outcome = outcomes[one["card"]["address"]] = Outcome()
        if any(other.pending for other in so_far):
            continue
        if end is not None and one["steps"] and any(other.done for other in so_far) and host.now() >= end:
            outcome.left = not any(other.error for other in so_far)
            if outcome.left:
                continue
        found = uses(one, one["steps"]) if uses else []
        if found:
            outcome.error = f"{one['card']['address']} is left as it is, since meanwhile {'; '.join(found)}"
            continue
        started = host.now()
        try:
            for step in one["steps"]:
                for part in _parts(one, step):
                    _do(host, one, part, uses)
                outcome.done.append(step)
        except HostError as error:
            outcome.error = _explain(step, error)
            outcome.pending = error.pending
            if not error.pending:
                _restore(host, one["card"], outcome, uses)
        outcome.seconds = host.now() - started
    return outcomes


def _parts(one: Planned, step: Step) -> list[Step]:
    """Each VF that loses its driver for itself: one may take seconds, in which somebody begins to use another."""
    if step["action"] != "bind_vfs" or any(other["action"] == "create" for other in one["steps"]):
        return [step]
    bound = {virtual["index"] for virtual in one["card"]["virtual_functions"] if virtual["driver"]}
    together = [[index for index in step["bindings"] if index not in bound]]
    return [
        {
            **step,
            "bindings": {index: step["bindings"][index] for index in indices},
            "certain": [index for index in step["certain"] if index in indices],
        }
        for indices in (*together, *([index] for index in step["bindings"] if index in bound))
        if indices
    ]


def _do(host: HostRoot, one: Planned, step: Step, uses: Uses | None) -> None:
    """One step of a planned card, unless it would end a use; HostError then, and if it fails."""
    found = uses(one, [step]) if uses else []
    if found:
        raise HostError(f"meanwhile {'; '.join(found)}", one["card"]["address"])
    ACTIONS[step["action"]](host, step)


def _restore(host: HostRoot, before: dict[str, Any], outcome: Outcome, uses: Uses | None) -> None:
    target = present_target(before)
    try:
        card = _present(host, before)
        one: Planned = {"card": card, "target": target, "steps": plan_steps(card, target)}
        for step in one["steps"]:
            for part in _parts(one, step):
                _do(host, one, part, uses)
        found = _present(host, before)
    except HostError as error:
        outcome.restored, outcome.pending = False, error.pending
        outcome.error = f"{outcome.error}; it could not be put back either: {error}; {_name(host, before)}"
        return
    outcome.restored = not plan_steps(found, target)
    if outcome.restored:
        outcome.error = f"{outcome.error}; the card is as it was before, {before['num_vfs']} virtual functions"
    else:
        outcome.error = f"{outcome.error}; it is not as it was before: {_name(host, before)}"


def _present(host: HostRoot, before: dict[str, Any]) -> dict[str, Any]:
    cards = observe.observe_again(host, [before])
    if not cards:
        raise HostError(f"{before['address']} is gone", f"{DEVICES}/{before['address']}")
    return cards[before["address"]]


def _name(host: HostRoot, before: dict[str, Any]) -> str:
    """What there is now instead of what there was."""
    address = before["address"]
    override, driver = read_bindings(host, [address])[address]
    number = len(links(host, address))
    return (
        f"{address} has now driver {driver or 'none'}, driver_override {override or 'unset'} and {number} virtual "
        f"functions, and had driver {before['driver'] or 'none'}, driver_override "
        f"{before['driver_override'] or 'unset'} and {before['num_vfs']}"
    )


def links(host: HostRoot, address: str) -> dict[int, str]:
    """The VFs of a card by their index, from the links: ``sriov_numvfs`` could block for ever."""
    matches = [VIRTUAL_FUNCTION.match(name) for name in host.names(f"{DEVICES}/{address}")]
    found = {int(match[1]): host.link_name(f"{DEVICES}/{address}/{match[0]}") or "" for match in matches if match}
    return dict(sorted(found.items()))


def _remove(host: HostRoot, step: dict[str, Any]) -> None:
    address = step["pf"]
    if step["tool"]:
        nvidia_sriov.run(host, address, enable=False)
        _rebind_gpu(host, address)
    else:
        host.write(f"{DEVICES}/{address}/sriov_numvfs", "0")
    _verify_number(host, address, 0)


def _create(host: HostRoot, step: dict[str, Any]) -> None:
    address, count = step["pf"], step["count"]
    if step["tool"]:
        nvidia_sriov.run(host, address, enable=True)
        _rebind_gpu(host, address)
        count = host.read_number(f"{DEVICES}/{address}/sriov_totalvfs") or count
    else:
        if step["max"]:
            # The native driver may know a smaller number than the card by itself.
            count = host.read_number(f"{DEVICES}/{address}/sriov_totalvfs") or count
        host.write(f"{DEVICES}/{address}/sriov_numvfs", str(count))
    _verify_number(host, address, count)


def _rebind_gpu(host: HostRoot, address: str) -> None:
    """The program leaves a GPU without a driver when it fails half-way."""
    wanted = native(nvidia_sriov.DRIVER)
    observed = read_bindings(host, [address])[address]
    if not is_bound(*observed, wanted):
        bind(host, address, observed, wanted)


def _verify_number(host: HostRoot, address: str, count: int) -> None:
    def so() -> bool:
        found = links(host, address)
        return len(found) == count and all(
            host.link_name(f"{DEVICES}/{virtual}/physfn") == address for virtual in found.values()
        )

    if not host.wait(so, min(SETTLE, host.timeout)):
        driver = host.link_name(f"{DEVICES}/{address}/driver")
        raise HostError(
            f"{address} has {len(links(host, address))} virtual functions after the driver {driver} accepted {count}: "
            "some drivers do nothing while their interface is down or their firmware resets, do not know the functions "
            "that another driver left, or always make all",
            f"{DEVICES}/{address}/sriov_numvfs",
            str(count),
        )


def _bind(host: HostRoot, step: dict[str, Any]) -> None:
    bind(host, step["pf"], read_bindings(host, [step["pf"]])[step["pf"]], step["binding"])


def _bind_virtual_functions(host: HostRoot, step: dict[str, Any]) -> None:
    addresses = links(host, step["pf"])
    missing = [index for index in step["bindings"] if index not in addresses]
    if missing:
        raise HostError(f"{step['pf']} has no VF {missing[0]} any more", f"{DEVICES}/{step['pf']}/virtfn{missing[0]}")
    observed = read_bindings(host, [addresses[index] for index in step["bindings"]])
    for index, wanted in step["bindings"].items():
        address = addresses[index]
        fitting = is_bound(*observed[address], wanted)
        if not fitting or (observed[address][1] is None and wanted["driver"] is not None):
            bind(host, address, observed[address], wanted)


def _autoprobe(host: HostRoot, step: dict[str, Any]) -> None:
    path = f"{DEVICES}/{step['pf']}/sriov_drivers_autoprobe"
    host.write(path, step["value"])
    if host.read(path) != step["value"]:
        raise HostError(f"{path} reads {host.read(path)} after {step['value']} was written", path, step["value"])


def _set_eswitch(host: HostRoot, step: dict[str, Any]) -> None:
    eswitch.apply(host, step["pf"], step["mode"])


def _settings(host: HostRoot, step: dict[str, Any]) -> None:
    found: list[str] = []

    def there() -> bool:
        found[:] = observe.interfaces_of(host, step["pf"])
        return bool(found)

    # The interface appears when its driver has started the card.
    if not host.wait(there, min(SETTLE, host.timeout)):
        raise HostError(f"{step['pf']} has no network interface, through which its VFs are set up", DEVICES)
    card = {"address": step["pf"], "netdevs": found}
    observe.through_interface(host, card, lambda host, name: vf_settings.apply(host, name, step["settings"]))


def _memory(host: HostRoot, step: dict[str, Any]) -> None:
    save_record(host, step["kind"], step["pf"], step["memory"], RUN_DIRECTORY)


def _record(host: HostRoot, step: dict[str, Any]) -> None:
    save_record(host, MODE_RECORDS, step["pf"], completed(host, step["pf"], step["record"]))


def _rule(host: HostRoot, step: dict[str, Any]) -> None:
    save_rule(host, step["pf"], step["text_of_rule"])


ACTIONS: dict[str, Callable[[HostRoot, dict[str, Any]], None]] = {
    "remove": _remove,
    "create": _create,
    "bind": _bind,
    "bind_vfs": _bind_virtual_functions,
    "offer_vfs": _bind_virtual_functions,
    "autoprobe": _autoprobe,
    "eswitch": _set_eswitch,
    "settings": _settings,
    "memory": _memory,
    "record": _record,
    "rule": _rule,
}


def files(steps: list[Step]) -> Iterator[tuple[str, str | None]]:
    """The paths that steps write, with the text; None for what they remove."""
    for step in steps:
        if step["action"] == "rule":
            yield rule_path(step["pf"]), step["text_of_rule"]
        elif step["action"] in ("memory", "record"):
            record = step[step["action"]]
            ephemeral = step["action"] == "memory"
            kind = step["kind"] if ephemeral else MODE_RECORDS
            directory = RUN_DIRECTORY if ephemeral else DIRECTORY
            yield record_path(kind, step["pf"], directory), None if record is None else record_text(record)


def _explain(step: dict[str, Any], error: HostError) -> str:
    remedy = REMEDIES.get(error.errno or "") if error.of_device else None
    return f"{step['pf']}: {error}" + (f"; {remedy}" if remedy else "")
