# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the settings of services on a host with the variables of their roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._services import oslo
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import not_effective
from ansible_collections.vfio.devices.plugins.module_utils._site.services import NOVA, SERVICES, SettingsService
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.planned_files import (
    PROVIDER_FILE,
    SettingsFile,
    configuration_of,
    is_elsewhere,
    planned_files,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import undeclared_types
from ansible_collections.vfio.devices.plugins.plugin_utils._site.stages import managed_services

REPORT = ("pci", "report_in_placement", "true")


class Differing(NamedTuple):
    """A sentence for each differing text by name of the service, and the reasons to run the roles."""

    texts: Mapping[str, list[str]]
    roles: list[str]


def task_options(variables: Variables, service: SettingsService) -> dict[str, object]:
    """Return the options of managed_files that the role of a service sets on the host."""
    return {
        "host_root": variables["vfio_host_root"],
        "program": service.program,
        "files": planned_files(variables, [service.role]),
    }


def differing(variables: Variables, plan: Any, seen: Mapping[str, Any]) -> Differing:
    """Compare the texts for ``plan`` with the texts that the module ``cards`` has read.

    Raise AnsibleError if a text cannot be created.
    """
    texts: dict[str, list[str]] = {service.name: [] for service in SERVICES}
    roles: list[str] = []
    services = managed_services(variables)
    for service in services:
        compare = _compare_nova if service is NOVA else _compare
        roles += compare(service, variables, plan, seen, texts[service.name])
    for service in services:
        if service.program in seen["restarts_owed"] and not texts[service.name]:
            texts[service.name].append(f"{service.program} still has its former configuration")
    return Differing(texts, roles)


def _compare_nova(
    service: SettingsService, variables: Variables, plan: Any, seen: Mapping[str, Any], found: list[str]
) -> list[str]:
    if is_elsewhere(variables):
        return ["the nova configuration is written on another host"]
    if undeclared_types(plan):
        return ["guests have devices of an undeclared type"]
    file = configuration_of(service)
    started: Mapping[str, Any] = {}
    # Other files may also make nova use cards of another owner.
    if variables.flag("nova_config_check_service") and plan["cards"]:
        started = seen["services"][service.program]
    present = seen["settings"][variables[file.variable]]
    variables.add(_nova_config_service=dict(started), _nova_config_present=present)
    blocked: list[str] = []
    if _differs(variables, file, seen, blocked):
        found.append("the nova configuration differs")
        if started.get("reports") and REPORT not in oslo.entries(variables[file.text]):
            blocked.append("nova-compute may no longer report its PCI devices to Placement")
    if _differs(variables, PROVIDER_FILE, seen, blocked):
        found.append("the provider configuration of nova differs")
    refused = [*blocked, *variables["_nova_config_provider_refusals"]]
    # Without a card for nova, its file is not written.
    return [*refused, *(_unusable(service, variables, started) if _has_cards(service, plan) else [])]


def _compare(
    service: SettingsService, variables: Variables, plan: Any, seen: Mapping[str, Any], found: list[str]
) -> list[str]:
    started: Mapping[str, Any] = {}
    if variables.flag(f"{service.role}_check_service") and _has_cards(service, plan):
        started = seen["services"][service.program]
    variables.add(**{f"_{service.role}_service": dict(started)})
    blocked: list[str] = []
    if _differs(variables, configuration_of(service), seen, blocked):
        found.append(f"the {service.title} configuration differs")
    return [*blocked, *_unusable(service, variables, started)]


def _has_cards(service: SettingsService, plan: Any) -> bool:
    return any(card["owner"] == service.name for card in plan["cards"])


def _unusable(service: SettingsService, variables: Variables, started: Mapping[str, Any]) -> list[str]:
    """Return why a service would not use its configuration; ``started`` is how it is started, empty if not checked."""
    if not started:
        return []
    if started["reads"] is False:
        return [*started["unusable"], *started["problems"]]
    file = configuration_of(service)
    text, path = variables[file.text], variables[file.variable]
    return [*started["unusable"], *not_effective(started["later"], text, service.program, path)]


def _differs(variables: Variables, file: SettingsFile, seen: Mapping[str, Any], blocked: list[str]) -> bool:
    """Return whether a file differs from a variable; add to ``blocked`` if the file cannot be written."""
    path = variables[file.variable]
    if variables[file.text] == seen["settings"][path]:
        return False
    blocked += [sentence for sentence in [seen.get("obstacles", {}).get(path)] if sentence]
    return True
