# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The end of a run of site or verify: how many hosts are unchanged, and the steps or errors of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._site import steps

# The registered results of the roles, in the order of the work.
RESULTS = (
    "vfio_compared",
    "nova_config_started",
    "iommu_written",
    "sriov_result",
    "mig_result",
    "mdev_made",
    "mdev_cleared",
    "boot_result",
    "nova_config_result",
    "cyborg_config_result",
)
SHOWN = 5
SHOWN_LINES = 10


def fleet_summary(hosts: Any, hostvars: Any, reached: Any, check_mode: Any = False) -> list[str]:
    """The lines; ``reached`` are the hosts that have come to the end of the plays."""
    if not isinstance(hosts, list) or not isinstance(reached, list) or not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("fleet_summary takes names of hosts, their variables, and the hosts at the end")
    unchanged: list[str] = []
    changed: dict[tuple[str, ...], list[str]] = {}
    failed: dict[tuple[str, ...], list[str]] = {}
    different: dict[tuple[str, ...], list[str]] = {}
    waiting: dict[tuple[str, ...], list[str]] = {}
    for host in hosts:
        variables = hostvars[host]
        results = {name: _mapping(variables[name]) for name in RESULTS if name in variables}
        if host not in reached:
            is_different = "verify_differences" in variables
            (different if is_different else failed).setdefault(_reasons(variables, results), []).append(host)
            continue
        compared = results.get("vfio_compared", {})
        models = (compared.get("selection") or {}).get("cards", {})
        lines = [] if compared.get("due") == [] else steps.of_host(results, models)
        if "iommu_reboot_needed" in variables and variables["iommu_reboot_needed"]:
            # The playbook reports the reasons.
            waiting.setdefault(tuple(lines), []).append(host)
        elif lines:
            changed.setdefault(tuple(lines), []).append(host)
        else:
            unchanged.append(host)
    groups = [
        ("unchanged", [unchanged]),
        ("would change" if check_mode else "changed", changed.values()),
        ("waiting for a reboot", waiting.values()),
        ("different", different.values()),
        ("refused or failed", failed.values()),
    ]
    counts = [f"{sum(map(len, names))} {what}" for what, names in groups if any(names)]
    found = [f"{len(hosts)} {'host' if len(hosts) == 1 else 'hosts'}: {', '.join(counts)}"]
    for prefix, entries in (("would change" if check_mode else "changed", changed), ("waiting for a reboot", waiting)):
        found += _lines(prefix, entries)
    return found + _lines("different", different) + _lines("refused or failed", failed)


def _lines(what: str, entries: Mapping[tuple[str, ...], list[str]]) -> list[str]:
    found = []
    for lines, names in entries.items():
        label = f"{_some(names)} ({what})"
        more = [f"and {len(lines) - SHOWN_LINES} more"] if len(lines) > SHOWN_LINES else []
        found += [f"{label}: {line}" for line in [*lines[:SHOWN_LINES], *more]]
    return found


def _reasons(variables: Any, results: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The errors of a host, or its differences."""
    for name in ("vfio_refusals", "verify_differences"):
        if name in variables:
            said = variables[name]
            lines = _mapping(said).get("msg", []) if isinstance(said, Mapping) else said
            if lines:
                return tuple(lines) if isinstance(lines, list) else (str(lines),)
    for result in results.values():
        if result.get("failed") or result.get("unreachable"):
            problems: Iterable[str] = result.get("problems") or [result.get("msg", "")]
            return tuple(map(str, problems))
    return ("see its error above",)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
