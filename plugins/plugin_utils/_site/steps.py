# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Summarize what a run of site has changed on a host: a line for each card, file and service."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._core.grouping import ADDRESS, LABEL, grouped, labelled
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import describe_users
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES, SettingsService
from ansible_collections.vfio.devices.plugins.plugin_utils._report import blocked_devices

# The registered result of a module.
Result = Mapping[str, Any]
UNCHANGED = ("kept", "absent", "unchanged", "failed")
# Matches counts of things that each card of a line has.
COUNTED = re.compile(r"\b[a-z]+ \d+ (?:devices?|virtual functions?|GPU instances?)\b")
# Actions of mdev_instance in the order of the lines.
ORDER = ("removed", "replaced", "created")
# Actions of managed_files that need more than their name.
WORDED = {"renewed": "renewed the header of"}
# Infinitives of the verbs in results, for check mode.
VERBS = {
    "added": "add",
    "bound": "bind",
    "created": "create",
    "disabled": "disable",
    "enabled": "enable",
    "let": "let",
    "made": "create",
    "recorded": "record",
    "removed": "remove",
    "renewed": "renew",
    "replaced": "replace",
    "restarted": "restart",
    "set": "set",
    "stored": "store",
    "updated": "update",
    "wrote": "write",
}


def of_host(results: Mapping[str, Result], models: Mapping[str, str], check_mode: bool = False) -> list[str]:
    """Return the lines; ``results`` is by variable name, ``models`` by card."""
    lines = map(_each, grouped(_of_host(results, models)))
    return [_would(line) for line in lines] if check_mode else list(lines)


def left_in_use(results: Mapping[str, Result], models: Mapping[str, str]) -> list[str]:
    """Return a line for each card and device that is unchanged because it is in use."""
    lines: list[str] = []
    for name in ("sriov_result", "mig_result"):
        for card in [*results.get(name, {}).get("functions", []), *results.get(name, {}).get("gpus", [])]:
            lines += [labelled(f"{_named(card['pf'], models)} is not changed", sentence) for sentence in card["busy"]]
    busy = [device for name in ("mdev_made", "mdev_cleared") for device in results.get(name, {}).get("busy", [])]
    for device in busy:
        if device["users"]:
            name = device["uuid"] or device["address"]
            lines.append(f"{device['parent']} {name} is not changed: in use by {describe_users(device['users'])}")
    # The users come first, because the summary shows only the first lines of a host.
    blocked = Counter((_card_of(parent, models), why) for parent, why in blocked_devices.reasons(busy))
    lines += [
        f"{_named(card, models)}: {counted(number, 'more device')} not changed: {why}"
        for (card, why), number in blocked.items()
    ]
    return grouped(lines)


def restarts_left(results: Mapping[str, Result]) -> list[str]:
    """Return a line for each service whose restart an earlier run has left, unless a line of ``of_host`` names it."""
    return [
        f"{service.program} needs a restart, because it still has its former configuration"
        for service in SERVICES
        if (result := results.get(f"{service.role}_result", {})).get("restart_owed")
        and not _actions(result.get("files", []), "file")
        and not _is_restarted(results, service)
    ]


def _is_restarted(results: Mapping[str, Result], service: SettingsService) -> bool:
    return bool(results.get(f"{service.role}_restarted", {}).get("changed"))


def _each(line: str) -> str:
    """Mark the numbers of a line about several cards."""
    label, colon, rest = line.partition(LABEL)
    if len(set(ADDRESS.findall(label))) < 2:
        return line
    return f"{label}{colon}{COUNTED.sub(lambda found: f'{found[0]} each', rest)}"


def _would(line: str) -> str:
    """Return a line about finished steps as one about planned steps."""
    return re.sub(rf"(?<=[:,;] )({'|'.join(VERBS)})\b", lambda found: f"would {VERBS[found[1]]}", line)


def _of_host(results: Mapping[str, Result], models: Mapping[str, str]) -> list[str]:
    lines = [*_cards(results.get("sriov_result", {}), models), *_cards(results.get("mig_result", {}), models)]
    for name in ("mdev_made", "mdev_cleared"):
        lines += _devices(results.get(name, {}), models)
    lines += _files(results.get("boot_result", {}), "boot service")
    for service in SERVICES:
        result, is_restarted = results.get(f"{service.role}_result", {}), _is_restarted(results, service)
        lines += _files(result, f"{service.title} configuration", service.program, is_restarted)
    lines += _files(results.get("iommu_written", {}), "configuration of kernel and modules")
    arguments = results.get("iommu_added", {}).get("arguments", [])
    lines += [f"kernel arguments: added {' '.join(map(str, arguments))}"] if arguments else []
    lines += _files(results.get("placement_recorded", {}), "record of the host's provider in Placement")
    return lines


def of_providers(result: Result, listed: Sequence[Result], check_mode: bool = False) -> list[str]:
    """Return a line about the ``listed`` providers of a host, root first, from the result of the call for all hosts.

    Removed and drained providers of missing cards, or below the former root of the host, are not listed.
    """
    names, found = {one["name"] for one in listed}, result.get("providers", [])
    roots = {one["root"] for one in found if one["name"] in names} | {one.get("former_root") for one in listed[:1]}
    of_host = [one for one in found if one["name"] in names or (one["item"] is None and one["root"] in roots)]
    done = _actions(of_host, "provider")
    lines = [f"Placement: {done}"] if done else []
    return [_would(line) for line in lines] if check_mode else lines


def counted(number: int, thing: str) -> str:
    """Return ``1 host`` or ``2 hosts``."""
    return f"{number} {thing if number == 1 else f'{thing}s'}"


def _actions(entries: Sequence[Result], thing: str) -> str:
    """Return the number of changes by action, such as ``created 2 files, replaced 1 file``; empty without changes."""
    actions = Counter(entry["action"] for entry in entries if entry["action"] not in UNCHANGED)
    return ", ".join(f"{WORDED.get(action, action)} {counted(number, thing)}" for action, number in actions.items())


def _named(name: str, models: Mapping[str, str]) -> str:
    return f"{name} ({models[name]})" if name in models else name


def _cards(result: Result, models: Mapping[str, str]) -> Iterator[str]:
    for card in [*result.get("functions", []), *result.get("gpus", [])]:
        name = _named(card["pf"], models)
        if card["done"]:
            yield f"{name}: {_from_to(card)}{', '.join(card['done'])}"


def _from_to(card: Result) -> str:
    """Return the mode of a card before and after; empty if it is unchanged."""
    if "virtual_functions" not in (card["after"] or {}):
        return ""
    before, after = (_mode(card[side]) for side in ("before", "after"))
    return f"{before} -> {after}: " if before != after else ""


def _mode(card: Result) -> str:
    return f"{card['num_vfs']} VFs" if card["mode"] == "vf" else f"mode {card['mode']}"


def _devices(result: Result, models: Mapping[str, str]) -> Iterator[str]:
    shown = (result.get("diff") or {}).get("before", {})
    counts: Counter[tuple[str, str, str]] = Counter()
    for device in result.get("instances", []):
        if device["action"] in UNCHANGED:
            continue
        kind = device["type_name"] or device["type"] or "unknown"
        if device["action"] == "replaced":
            old = shown.get(device["parent"], {}).get(device["uuid"] or device["address"])
            kind = f"{old.partition(',')[0]} -> {kind}" if old else kind
        counts[_named(_card_of(device["parent"], models), models), device["action"], kind] += 1
    # The devices of a result are in the order of their UUIDs, which is different on each host.
    for (name, action, kind), number in sorted(counts.items(), key=_place):
        yield f"{name}: {action} {counted(number, 'device')} of type {kind}"
    if result.get("changed") and not counts:
        yield "records or definitions of devices"


def _place(entry: tuple[tuple[str, str, str], int]) -> tuple[str, int, str]:
    """Return the sort key of a line: by card, action and type."""
    (name, action, kind), _number = entry
    return name, ORDER.index(action) if action in ORDER else len(ORDER), kind


def _card_of(parent: str, models: Mapping[str, str]) -> str:
    """Return the card of a parent: itself, or the only card on its bus."""
    if parent in models:
        return parent
    same_bus = [name for name in models if name.rpartition(":")[0] == parent.rpartition(":")[0]]
    return same_bus[0] if len(same_bus) == 1 else parent


def _files(result: Result, what: str, service: str = "", is_restarted: bool = False) -> Iterator[str]:
    done = [_actions(result.get("files", []), "file"), f"restarted {service}" if is_restarted else ""]
    if any(done):
        needs = service and result.get("restart") and not is_restarted
        yield f"{what}: {', '.join(filter(None, done))}{f'. {service} needs a restart' if needs else ''}"
