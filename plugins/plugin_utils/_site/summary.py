# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Summarize a run of site, verify, reprofile or drain: counts of hosts, and the changes or errors of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import shorten
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._site import steps

# The registered results of the roles and their handlers, in the order of the run.
RESULTS = (
    "vfio_compared",
    "vfio_applied",
    *(f"{service.role}_observed" for service in SERVICES),
    "iommu_written",
    "iommu_added",
    "sriov_result",
    "mig_result",
    "mdev_made",
    "mdev_cleared",
    "boot_result",
    *(f"{service.role}_result" for service in SERVICES),
    *(f"{service.role}_restarted" for service in SERVICES),
    "placement_recorded",
)
# Final states of hosts in addition to changed.
UNCHANGED, IN_USE, WAITING, DIFFERENT = "unchanged", "in use", "waiting for a reboot", "different"
FAILED = "rejected or failed"
NOT_COMPARED = "not compared"
# The playbook reprofile sets its variable to false for each host that differs, and to true in the turn of the host.
# Other playbooks of the same run set it to an empty text.
NOT_STARTED, BEGUN = "not started", "reprofile_begun"
# The playbook drain sets it to a list.
DRAINED = "drain_free"
# A host without other differences can have these changes.
OF_PLACEMENT = ("placement_recorded",)
WHY_NOT_STARTED = (
    "the host or its providers differ, but an earlier host failed. Correct its error, and run reprofile again"
)
HOW_TO_COMPARE = "tasks were skipped. Run the playbook without --tags, --start-at-task and --step"
SHOWN = 5
SHOWN_LINES = 10


def fleet_summary(hosts: Any, hostvars: Any, reached: Any, check_mode: Any = False) -> list[str]:
    """Return the lines; ``reached`` are the hosts that have completed the plays."""
    if not isinstance(hosts, list) or not isinstance(reached, list) or not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("fleet_summary takes names of hosts, their variables, and the hosts at the end")
    with errors_of_filter("fleet_summary", "fleet_summary takes the variables of all hosts"):
        return _summary(hosts, hostvars, reached, bool(check_mode))


def _summary(hosts: list[str], hostvars: Mapping[str, Any], reached: list[str], check_mode: bool) -> list[str]:
    groups: dict[str, dict[tuple[str, ...], list[str]]] = {name: {} for name in _groups(check_mode)}
    for host in hosts:
        group, lines = _of_host(hostvars, host, host in reached, check_mode)
        groups[group].setdefault(lines, []).append(host)
    counts = [f"{sum(map(len, entries.values()))} {name}" for name, entries in groups.items() if entries]
    found = [f"{steps.counted(len(hosts), 'host')}: {', '.join(counts)}"]
    return found + [line for name, entries in groups.items() for line in _lines(name, entries)]


def _groups(check_mode: bool) -> tuple[str, ...]:
    return (UNCHANGED, _changed(check_mode), IN_USE, WAITING, DIFFERENT, NOT_COMPARED, NOT_STARTED, FAILED)


def _changed(check_mode: bool) -> str:
    return "would change" if check_mode else "changed"


def _of_host(hostvars: Mapping[str, Any], host: str, is_reached: bool, check_mode: bool) -> tuple[str, tuple[str, ...]]:
    """Return the group of a host and its lines."""
    variables = hostvars[host]
    results = _results(variables)
    differences = tuple(map(str, variables.get("verify_differences", [])))
    done = () if differences else _steps(variables, results, hostvars, check_mode)
    if not is_reached or "vfio_failure" in variables:
        before = f"before the failure, {_changed(check_mode)}: "
        return FAILED, (*_reasons(variables, results), *(f"{before}{line}" for line in done))
    if differences:
        return DIFFERENT, (*differences, *_lacks(variables, results))
    if BEGUN in variables and variables[BEGUN] is False:
        return NOT_STARTED, (WHY_NOT_STARTED,)
    left = tuple(_left(variables, results))
    lacks = tuple(_lacks(variables, results))
    # The playbook itself reports the reasons for a reboot.
    is_waiting = "iommu_reboot_needed" in variables and variables["iommu_reboot_needed"]
    states = {WAITING: is_waiting, _changed(check_mode): done, IN_USE: left, DIFFERENT: lacks}
    group = next((name for name, applies in states.items() if applies), UNCHANGED)
    if group == UNCHANGED and not isinstance(results.get("vfio_compared", {}).get("due"), list):
        return NOT_COMPARED, (HOW_TO_COMPARE,)
    return group, (*done, *left, *lacks, *steps.restarts_left(results))


def _results(variables: Any) -> dict[str, Mapping[str, Any]]:
    """The registered results of a host by the names of their variables."""
    found = {name: _mapping(variables[name]) for name in RESULTS if name in variables}
    applied = _mapping(found.get("vfio_applied", {}).get("results"))
    # Former results of the same run were replaced by skipped ones.
    return {**applied, **{name: one for name, one in found.items() if name not in applied or not one.get("skipped")}}


def _steps(
    variables: Any, results: Mapping[str, Mapping[str, Any]], hostvars: Any, check_mode: bool
) -> tuple[str, ...]:
    """Return what was changed on a host, and for it in Placement."""
    if _is_unchanged(results):
        results = {name: one for name, one in results.items() if name in OF_PLACEMENT}
    lines = steps.of_host(results, _models(results), check_mode)
    # The result of a check is not that of the host's turn.
    is_published = "placement_published" in variables and variables["placement_published"]
    if is_published and "placement_leader" in variables and "placement_providers" in variables:
        result = _mapping(hostvars[variables["placement_leader"]].get("placement_result"))
        lines = [*lines, *steps.of_providers(result, variables["placement_providers"], check_mode)]
    return tuple(lines)


def _left(variables: Any, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Return a line about each card and device that is unchanged or not free because of its users."""
    if not _is_unchanged(results):
        yield from steps.left_in_use(results, _models(results))
    if DRAINED in variables and isinstance(variables[DRAINED], list):
        for card, users in _mapping(variables.get("vfio_held")).items():
            yield f"{card} is not free: {', '.join(map(str, users))}"


def _lacks(variables: Any, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Return a line about each missing card, and each setting of the kernel that reprofile does not correct."""
    yield from results.get("vfio_compared", {}).get("missing", [])
    if BEGUN in variables and isinstance(variables[BEGUN], bool):
        for sentence in results.get("vfio_compared", {}).get("kernel", []):
            yield f"{sentence}. Run the playbook site"


def _is_unchanged(results: Mapping[str, Mapping[str, Any]]) -> bool:
    return bool(results.get("vfio_compared", {}).get("due") == [])


def _models(results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str]:
    """Return the models of the selected cards by name."""
    cards: Mapping[str, str] = (results.get("vfio_compared", {}).get("selection") or {}).get("cards", {})
    return cards


def _lines(what: str, entries: Mapping[tuple[str, ...], list[str]]) -> list[str]:
    found = []
    for lines, names in entries.items():
        label = f"{shorten(names, SHOWN)} ({what})"
        more = [f"and {len(lines) - SHOWN_LINES} more"] if len(lines) > SHOWN_LINES else []
        found += [f"{label}: {line}" for line in [*lines[:SHOWN_LINES], *more]]
    return found


def _reasons(variables: Any, results: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the errors of a host."""
    failure = _mapping(variables.get("vfio_failure"))
    for lines in (variables.get("vfio_refusals", []), failure.get("errors", [])):
        listed = list(map(str, lines))
        if listed:
            # Each line has the name of the host, so a heading would only repeat it.
            return tuple(line for line in listed if not line.endswith(":")) or tuple(listed)
    for result in results.values():
        if result.get("failed") or result.get("unreachable"):
            problems: Iterable[str] = result.get("problems") or [result.get("msg", "")]
            return tuple(map(str, problems))
    return ("see its error above",)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
