# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Summarize a run of site, verify or reprofile: the number of unchanged hosts, and changes or errors of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import shorten
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import answering
from ansible_collections.vfio.devices.plugins.plugin_utils._site import steps

# The registered results of the roles and their handlers, in the order of the run.
RESULTS = (
    "vfio_compared",
    "vfio_applied",
    "nova_config_started",
    "iommu_written",
    "sriov_result",
    "mig_result",
    "mdev_made",
    "mdev_cleared",
    "boot_result",
    "nova_config_result",
    "cyborg_config_result",
    "nova_config_restarted",
    "cyborg_config_restarted",
    "placement_recorded",
)
# Final states of hosts in addition to changed.
UNCHANGED, IN_USE, WAITING, DIFFERENT = "unchanged", "in use", "waiting for a reboot", "different"
FAILED = "rejected or failed"
NOT_COMPARED = "not compared"
# The playbook reprofile sets its variable to false for each host that differs, and to true in the turn of the host.
NOT_STARTED, BEGUN = "not started", "reprofile_begun"
WHY_NOT_STARTED = (
    "it differs from its profiles, but an earlier host failed. Correct this error, and run reprofile again"
)
HOW_TO_COMPARE = "tasks were skipped. Run the playbook without --tags, --start-at-task and --step"
SHOWN = 5
SHOWN_LINES = 10


def fleet_summary(hosts: Any, hostvars: Any, reached: Any, check_mode: Any = False) -> list[str]:
    """Return the lines; ``reached`` are the hosts that have completed the plays."""
    if not isinstance(hosts, list) or not isinstance(reached, list) or not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("fleet_summary takes names of hosts, their variables, and the hosts at the end")
    with answering("fleet_summary", "fleet_summary takes the variables of all hosts"):
        return _summary(hosts, hostvars, reached, bool(check_mode))


def _summary(hosts: list[str], hostvars: Mapping[str, Any], reached: list[str], check_mode: bool) -> list[str]:
    changed = "would change" if check_mode else "changed"
    groups: dict[str, dict[tuple[str, ...], list[str]]]
    groups = {name: {} for name in (UNCHANGED, changed, IN_USE, WAITING, DIFFERENT, NOT_COMPARED, NOT_STARTED, FAILED)}
    for host in hosts:
        variables = hostvars[host]
        results = _results(variables)
        differences = tuple(map(str, variables.get("verify_differences", [])))
        if differences:
            group, lines = DIFFERENT, differences
        else:
            done = _steps(variables, results, hostvars, check_mode)
            left = () if _is_unchanged(results) else tuple(steps.left_in_use(results, _models(results)))
            # The playbook itself reports the reasons for a reboot.
            is_waiting = "iommu_reboot_needed" in variables and variables["iommu_reboot_needed"]
            group = WAITING if is_waiting else changed if done else IN_USE if left else UNCHANGED
            lines = (*done, *left, *steps.restarts_left(results))
            if group == UNCHANGED and not isinstance(results.get("vfio_compared", {}).get("due"), list):
                group, lines = NOT_COMPARED, (HOW_TO_COMPARE,)
            elif BEGUN in variables and not variables[BEGUN]:
                group, lines = NOT_STARTED, (WHY_NOT_STARTED,)
            if host not in reached or "vfio_failure" in variables:
                group = FAILED
                lines = (*_reasons(variables, results), *(f"before the failure, {changed}: {line}" for line in done))
        groups[group].setdefault(lines, []).append(host)
    counts = [f"{sum(map(len, entries.values()))} {name}" for name, entries in groups.items() if entries]
    found = [f"{steps.counted(len(hosts), 'host')}: {', '.join(counts)}"]
    return found + [line for name, entries in groups.items() for line in _lines(name, entries)]


def _results(variables: Any) -> dict[str, Mapping[str, Any]]:
    """The registered results of a host by the names of their variables."""
    found = {name: _mapping(variables[name]) for name in RESULTS if name in variables}
    return {**_mapping(found.get("vfio_applied", {}).get("results")), **found}


def _steps(
    variables: Any, results: Mapping[str, Mapping[str, Any]], hostvars: Any, check_mode: bool
) -> tuple[str, ...]:
    """Return what was changed on a host, and for it in Placement."""
    lines = [] if _is_unchanged(results) else steps.of_host(results, _models(results), check_mode)
    # The result of a check is not that of the host's turn.
    is_published = "placement_published" in variables and variables["placement_published"]
    if is_published and "placement_leader" in variables and "placement_providers" in variables:
        result = _mapping(hostvars[variables["placement_leader"]].get("placement_result"))
        lines = [*lines, *steps.of_providers(result, variables["placement_providers"], check_mode)]
    return tuple(lines)


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
