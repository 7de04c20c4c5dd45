# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Carry out the steps of mdev_instance, each read back from the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from .._core.problems import holders
from .._devices.pci import DEVICES
from .._frameworks import attributes, mdev, nvidia_vfio
from .._frameworks.definitions import DEFINITIONS, definition_path, definition_text, save_definition
from .._host.records import DIRECTORY, record_path, record_text, save_record
from .._host.root import HostError, HostRoot
from .records import INSTANCE_RECORDS

# Seconds in which a device that another program is making is complete.
SETTLE = 5.0
# What an errno of the kernel or of a driver means here, and what to do.
REMEDIES = {
    "EEXIST": "another device has this UUID; choose another one, or wait until the old one is gone",
    "EINVAL": "the kernel does not take this value",
    "ENODEV": "the parent is being unregistered: its driver is leaving",
    "ENOMEM": "the host is out of memory",
    "EAGAIN": "the driver is not ready yet; run again later",
    "EUSERS": "the parent has no free instance left",
    "ENOSPC": "the parent has no room left for this type",
    "EIO": "the kernel log has the driver's reason, such as a full GPU, another type on it, or a missing licence",
    "EPERM": "the driver does not allow it now: the device is open, or its type must be cleared first",
    "EBUSY": "the driver is still busy with it; run again later",
    "ERANGE": "the driver does not know such a type",
    "EADDRINUSE": "another device already has these resources",
    "EADDRNOTAVAIL": "the host keeps these resources for itself",
    "ENOENT": "it is not there (any more); gather the facts again",
    "EACCES": "run as root (become: true); what root gets this from cannot be written at all",
}


class Outcome:
    """What has been done so far: the very same after success, a failure and a deadline."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self.failed: list[dict[str, Any]] = []
        self.skipped: list[dict[str, Any]] = []
        # What there was no time for.
        self.left: list[dict[str, Any]] = []


def apply(
    host: HostRoot,
    steps: list[dict[str, Any]],
    budget: float | None = None,
    users: Callable[[], dict[str, list[dict[str, Any]]]] | None = None,
) -> Outcome:
    """Do the steps in their order. After a failure the rest of that card is left out, after a deadline everything.

    With ``budget`` no device is begun after so many seconds, but at least one is done. After a failure all others are
    tried, so that nothing is tried again by whoever continues. ``users`` says by UUID or address who uses devices now.
    """
    outcome = Outcome()
    end = None if budget is None else host.now() + budget
    worked = False
    broken: set[str] = set()
    full: set[tuple[str, str]] = set()
    unmade: set[tuple[str, str]] = set()
    for number, planned in enumerate(steps):
        if end is not None and worked and not outcome.failed and is_work(planned) and host.now() >= end:
            outcome.left = steps[number:]
            break
        step = _without(unmade, planned)
        if step["card"] in broken or (step["card"], step.get("type")) in full or _key(step) in unmade:
            outcome.skipped.append(step)
            if step["action"] == "create":
                unmade.add(_key(step))
            continue
        try:
            if users and _takes_away(step):
                _check_free(step, users())
            ACTIONS[step["action"]](host, step)
            outcome.done.append(step)
            worked = worked or is_work(step)
        except HostError as error:
            if step.get("best_effort") and _is_full(host, step, error):
                # "max" takes what fits, and some drivers tell only by refusing.
                host.warn(_describe_full(step, error, steps, outcome.done))
                full.add((step["card"], step["type"]))
                unmade.add(_key(step))
                outcome.skipped.append(step)
                continue
            outcome.failed.append({**step, "error": _explain(step, error) + _removed_before(step, outcome.done)})
            broken.add(step["card"])
            if error.pending:
                outcome.skipped += steps[number + 1 :]
                break
    _confirm(host, outcome)
    return outcome


def _check_free(step: dict[str, Any], users_of: dict[str, list[dict[str, Any]]]) -> None:
    users = users_of.get(step["uuid"] or step["address"])
    if users:
        path = _type_path(step["address"]) if step["address"] else f"{mdev.DEVICES}/{step['uuid']}"
        raise HostError(f"meanwhile {holders(users)} began to use it, so it is left as it is", path)


def _is_full(host: HostRoot, step: dict[str, Any], error: HostError) -> bool:
    """Whether a refusal means that no more fit. EIO may mean anything, so that what is still on offer decides."""
    if error.errno != "EIO":
        return error.errno in ("ENOSPC", "EUSERS")
    if step["address"]:
        table = host.read(f"{DEVICES}/{step['address']}/{nvidia_vfio.CREATABLE_TYPES}") or ""
        return step["type"] not in nvidia_vfio.parse_creatable_types(table)
    types = f"{mdev.PARENTS}/{step['parent']}/mdev_supported_types"
    return not host.read_number(f"{types}/{step['type']}/available_instances")


def _describe_full(
    step: dict[str, Any], error: HostError, steps: list[dict[str, Any]], done: list[dict[str, Any]]
) -> str:
    """For a card that turns out to hold less than it said."""
    kind = ("create", step["card"], step["type"])
    made, expected = (
        sum((one["action"], one["card"], one.get("type")) == kind for one in some) for some in (done, steps)
    )
    return (
        f"{step['card']} is taken as full: {step['parent']} refused one more of type {step['type']} ({error.errno}) "
        f"after {made} of the {expected} that were to be made"
    )


def _removed_before(step: dict[str, Any], done: list[dict[str, Any]]) -> str:
    """What a failure leaves behind on a card that was cleared for the device that could not be made."""
    removed = sum(_takes_away(one) and one["card"] == step["card"] for one in done)
    if step["action"] != "create" or not removed:
        return ""
    return f"; removed from {step['card']} before that: {removed}"


def is_work(step: dict[str, Any]) -> bool:
    """Whether it changes a device. All else is files, which are quickly written."""
    return step["action"] == "create" or _takes_away(step)


def _takes_away(step: dict[str, Any]) -> bool:
    return (step["action"], step.get("state")) == ("remove", "active")


def _confirm(host: HostRoot, outcome: Outcome) -> None:
    """Look again for all that was made: neither a driver nor anybody else may have taken it back meanwhile."""
    made = [step for step in outcome.done if step["action"] == "create"]
    # One listing instead of a look-up for each device.
    uuids = set(host.names(mdev.DEVICES)) if any(step["uuid"] for step in made) else set()
    for step in made:
        if step["address"]:
            there = _current_type(host, step["address"]) == step["type"]
        else:
            there = step["uuid"] in uuids or host.exists(f"{mdev.DEVICES}/{step['uuid']}")
        if not there:
            outcome.done.remove(step)
            outcome.failed.append({**step, "error": _explain(step, HostError("it was made, but is gone again", ""))})


def _key(step: dict[str, Any]) -> tuple[str, str]:
    return step.get("parent", ""), step.get("uuid") or step.get("address") or ""


def _without(unmade: set[tuple[str, str]], step: dict[str, Any]) -> dict[str, Any]:
    """A record names no device that there was no room for."""
    if not unmade or not step.get("record") or step["action"] == "retain":
        return step
    instances = [instance for instance in step["record"]["instances"] if _key(instance) not in unmade]
    return {**step, "record": {**step["record"], "instances": instances} if instances else None}


def tidy(host: HostRoot) -> None:
    """Remove the unfinished files of a run that was killed."""
    directories = [f"{DIRECTORY}/{INSTANCE_RECORDS}"]
    directories += [f"{DEFINITIONS}/{parent}" for parent in host.names(DEFINITIONS)]
    for directory in directories:
        host.remove_unfinished(directory)


def files(steps: list[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """The paths that steps write, with the text; None for what they remove."""
    for step in steps:
        if "record" in step:
            yield record_path(INSTANCE_RECORDS, step["card"]), step["record"] and record_text(step["record"])
        elif "definition" in step:
            definition = step["definition"]
            yield definition_path(step["parent"], step["uuid"]), definition and definition_text(definition)


def _create(host: HostRoot, step: dict[str, Any]) -> None:
    if step["address"]:
        _set_type(host, step["address"], step["type"])
        return
    uuid, parent = step["uuid"], f"{mdev.PARENTS}/{step['parent']}"
    path = f"{parent}/{uuid}"
    try:
        host.write(f"{parent}/mdev_supported_types/{step['type']}/create", uuid)
    except HostError as error:
        # mdevctl makes what it has definitions of as soon as a parent appears, attributes included.
        if error.errno == "EEXIST" and host.wait(lambda: _is_made(host, step), min(SETTLE, host.timeout)):
            return
        raise
    if host.link_name(f"{uuid}/mdev_type", below=parent) != step["type"]:
        raise HostError(f"the kernel accepted {uuid}, but there is no such device of type {step['type']}", path, uuid)
    try:
        for name, value in step["attributes"]:
            attributes.write(host, path, name, value)
    except HostError:
        # Half configured is not what anybody wants.
        host.write(f"{path}/remove", "1")
        raise


def _is_made(host: HostRoot, step: dict[str, Any]) -> bool:
    path = f"{mdev.DEVICES}/{step['uuid']}"
    above = (host.link(path) or "").split("/")[-2:-1]
    return above == [step["parent"]] and host.link_name(f"{path}/mdev_type") == step["type"]


def _remove(host: HostRoot, step: dict[str, Any]) -> None:
    if step["state"] == "defined":
        return
    if step["address"]:
        _set_type(host, step["address"], nvidia_vfio.NO_TYPE)
        return
    path = f"{mdev.DEVICES}/{step['uuid']}"
    try:
        host.write(f"{path}/remove", "1")
    except HostError as error:
        if error.errno != "ENOENT" or host.exists(path):
            raise
    below = f"{mdev.PARENTS}/{step['parent']}/{step['uuid']}"
    if not host.wait(lambda: not host.exists(path) and not host.exists(below)):
        raise HostError(f"{step['uuid']} is still there after its removal", path, "1", pending=True)


def _set_type(host: HostRoot, address: str, type_id: str) -> None:
    # The driver refuses N over N and 0 over 0.
    if _current_type(host, address) == type_id:
        return
    path = _type_path(address)
    host.write(path, type_id)
    if not host.wait(lambda: _current_type(host, address) == type_id):
        raise HostError(f"{path} reads {_current_type(host, address)} after {type_id} was written", path, type_id)


def _type_path(address: str) -> str:
    return f"{DEVICES}/{address}/{nvidia_vfio.CURRENT_TYPE}"


def _current_type(host: HostRoot, address: str) -> str | None:
    return host.read(_type_path(address))


def _define(host: HostRoot, step: dict[str, Any]) -> None:
    save_definition(host, step["parent"], step["uuid"], step["definition"])


def _record(host: HostRoot, step: dict[str, Any]) -> None:
    save_record(host, INSTANCE_RECORDS, step["card"], step["record"])


ACTIONS: dict[str, Callable[[HostRoot, dict[str, Any]], None]] = {
    "create": _create,
    "remove": _remove,
    "define": _define,
    "undefine": _define,
    "retain": _record,
    "promise": _record,
    "record": _record,
}
# In a sentence that says that it failed.
VERBS = {"create": "make", "remove": "remove", "define": "define", "undefine": "undefine"}


def _explain(step: dict[str, Any], error: HostError) -> str:
    name = step.get("uuid") or step.get("address") or step["card"]
    what = f"{VERBS.get(step['action'], 'record')} {name}" + (f" of type {step['type']}" if step.get("type") else "")
    remedy = REMEDIES.get(error.errno or "") if error.of_device else None
    return f"cannot {what} on {step.get('parent', step['card'])}: {error}" + (f"; {remedy}" if remedy else "")
