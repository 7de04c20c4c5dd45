# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List differences between hosts and declaration from results of check mode."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import describe_users, one_of, shorten
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._report import blocked_devices

# The registered result of a task, or a part of it.
Result = Mapping[str, Any]
# Keys in a difference that stand for files of a card.
FILES = ("record", "udev_rule", "definition of ")
# More names than this in one line are only counted.
MOST_KEYS = 3


def drift(results: Any) -> list[str]:
    """Return a line for each difference in results of check mode."""
    if not isinstance(results, dict) or not all(isinstance(result, dict) for result in results.values()):
        raise AnsibleFilterError("drift takes a dictionary of registered results")
    with errors_of_filter("drift", "drift takes results of modules of this collection"):
        return [f"{about}: {line}" for about, result in results.items() for line in _lines(result)]


def _lines(result: Result) -> list[str]:
    if result.get("skipped"):
        return []
    if result.get("failed"):
        return result.get("problems") or [result.get("msg", "the task failed")]
    return [*users(result), *map(of_provider, result.get("unexpected", [])), *changes(result)]


def users(result: Result) -> list[str]:
    """Return a line for each card and device in use, and for devices that wait for them."""
    busy = result.get("busy", [])
    return [
        *(line for entry in _cards(result) for line in entry["busy"]),
        *(_of_device(device) for device in busy if device["users"]),
        *_of_blocked(busy),
        *(_of_missing(one) for one in result.get("missing", []) if isinstance(one, dict) and one.get("types")),
    ]


def _of_blocked(busy: list[Result]) -> Iterator[str]:
    parents: dict[str, list[str]] = {}
    for parent, why in blocked_devices.reasons(busy):
        parents.setdefault(why, []).append(parent)
    for why, names in parents.items():
        where = shorten(list(dict.fromkeys(names)), MOST_KEYS)
        number = f"{len(names)} more device{'' if len(names) == 1 else 's'}"
        yield f"{number} on {where} cannot be changed now, because {why}"


def _of_missing(one: Result) -> str:
    if one.get("label"):
        return f"{one['label']}: {one['count']} have to wait until devices in use are free"
    # For count: max, the number is not known.
    return f"new devices of type {one_of(one['types'])} have to wait until devices in use are free"


def _cards(result: Result) -> list[Result]:
    """Return the cards in a result of sriov_pf_mode or mig_layout."""
    return [*result.get("functions", []), *result.get("gpus", [])]


def _of_device(device: Result) -> str:
    name = device["uuid"] or device["address"]
    if device.get("item") is not None and device.get("action") == "busy":
        return f"{device['parent']} {name} cannot be changed now, and is in use by {describe_users(device['users'])}"
    return f"{device['parent']} {name} is not declared, and is in use by {describe_users(device['users'])}"


def of_provider(provider: Result) -> str:
    """Return the line for a provider of this collection without a card, with its remedy."""
    return (
        f"{provider['name']} in Placement belongs to a card that is missing on the host or no longer published, "
        "so guests with a device of this provider cannot start. To remove it, set `placement_purge: true` and "
        "run the playbook site. If the provider is in use, migrate or delete its guests first. List them with "
        f"`openstack resource provider show --allocations {provider['uuid']}`."
    )


def changes(result: Result) -> list[str]:
    """Return a line for each difference that can be corrected now."""
    diffs = result.get("diff") or []
    diffs = [diffs] if isinstance(diffs, dict) else diffs
    differs = result.get("changed") or any(diff.get("before") != diff.get("after") for diff in diffs)
    return [line for diff in diffs for line in _of_diff(diff)] or ["it differs from the declaration"] * bool(differs)


def _of_diff(diff: Result) -> list[str]:
    before, after = diff.get("before"), diff.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return _of_values(before, after, [])
    where = diff.get("before_header") or diff.get("after_header") or "the text"
    if "before" in diff and "after" in diff and before != after:
        if before is None or after is None:
            return [f"{where} {_of_file(before, after)}"]
        if before and after and "\n" not in f"{before}{after}":
            return [f"{where}: {before} -> {after}"]
    changes = difflib.ndiff(str(before or "").splitlines(), str(after or "").splitlines())
    words = {"- ": "has an undeclared line", "+ ": "lacks the line"}
    return [
        f"{where} {words[change[:2]]}: {change[2:]}" for change in changes if change[:2] in words and change[2:].strip()
    ]


def _of_values(before: Mapping[Any, Any], after: Mapping[Any, Any], path: list[str]) -> list[str]:
    lines = []
    # Values with the same difference share a line.
    alike: dict[tuple[str, str], list[str]] = {}
    for key in [*before, *(key for key in after if key not in before)]:
        now, then = before.get(key), after.get(key)
        if now == then:
            continue
        if isinstance(now or {}, dict) and isinstance(then or {}, dict):
            lines += _of_values(now or {}, then or {}, [*path, str(key)])
        elif "\n" in f"{now}{then}":
            lines.append(f"{' '.join([*path, str(key)])} {_of_file(now, then)}")
        else:
            alike.setdefault((show(now), show(then)), []).append(str(key))
    lines += [f"{' '.join([*path, _some(keys)])}: {now} -> {then}" for (now, then), keys in alike.items()]
    return lines


def _of_file(now: object, then: object) -> str:
    if now is None:
        return "is missing"
    return "is not declared" if then is None else "has another content"


def _some(keys: list[str]) -> str:
    if len(keys) <= MOST_KEYS:
        return ", ".join(keys)
    return f"{', '.join(keys[:MOST_KEYS])} and {len(keys) - MOST_KEYS} more"


def show(value: object) -> str:
    """Return a value as in a line."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "empty"
    return "missing" if value is None else str(value)


def _state(shown: Any) -> Any:
    """Return a card or parent without its files, which can be written while guests use the card."""
    if not isinstance(shown, dict):
        return shown
    return {key: value for key, value in shown.items() if not str(key).startswith(FILES)}


def differing_cards(plan: Plan, results: list[Result]) -> list[str]:
    """Return the names of planned cards that results of check mode would change."""
    with errors_of_filter("differing_cards", "differing_cards takes a plan and a list of results"):
        touched = {name for result in results if not result.get("skipped") for name in _touched(result)}
        touched.update(entry["name"] for entry in plan["later"])
        return [card["name"] for card in plan["cards"] if touched & set(_names(card))]


def _touched(result: Result) -> Iterator[str]:
    """Yield the names of cards, parents and devices that differ from the desired state."""
    before, after = result["diff"]["before"], result["diff"]["after"]
    yield from (name for name in {**before, **after} if _state(before.get(name)) != _state(after.get(name)))
    yield from (entry["pf"] for entry in _cards(result) if entry["busy"])
    yield from (device["parent"] for device in result.get("busy", []))


def _names(card: Card) -> list[str]:
    return [card["name"], *card["virtual_functions"], *(parent["name"] for parent in card["parents"])]
