# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the settings of nova and Cyborg on a host with the variables of their roles."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._services import oslo
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import not_effective
from ansible_collections.vfio.devices.plugins.module_utils._site.stage_names import CYBORG, NOVA
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.planned_files import (
    CYBORG_FILE,
    NOVA_FILE,
    PROVIDER_FILE,
    SettingsFile,
    is_elsewhere,
    planned_files,
    settings_files,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import undeclared_types

PROGRAM = "nova-compute"
AGENT = "cyborg-agent"
PROGRAMS = {NOVA: PROGRAM, CYBORG: AGENT}
REPORT = ("pci", "report_in_placement", "true")


class Differing(NamedTuple):
    """A sentence for each differing text by service, and the reasons to run the roles."""

    texts: Mapping[str, list[str]]
    roles: list[str]


def managed(variables: Variables) -> list[str]:
    """Return the services whose configuration the variables of the host manage."""
    return [service for service in (NOVA, CYBORG) if settings_files(variables, f"{service}_config")]


def task_options(variables: Variables, service: str) -> dict[str, object]:
    """Return the options of managed_files that the role of a service sets on the host."""
    return {
        "host_root": variables["vfio_host_root"],
        "program": PROGRAMS[service],
        "files": planned_files(variables, [f"{service}_config"]),
    }


def differing(variables: Variables, plan: Any, seen: Mapping[str, Any]) -> Differing:
    """Compare the texts for ``plan`` with the texts that the module ``cards`` has read.

    Raise AnsibleError if a text cannot be created.
    """
    texts: dict[str, list[str]] = {NOVA: [], CYBORG: []}
    roles: list[str] = []
    services = managed(variables)
    if NOVA in services:
        roles = _nova(variables, plan, seen, texts[NOVA])
    if CYBORG in services:
        roles += _cyborg(variables, plan, seen, texts[CYBORG])
    for service, program in PROGRAMS.items():
        if service in services and program in seen["restarts_owed"] and not texts[service]:
            texts[service].append(f"{program} still has its former configuration")
    return Differing(texts, roles)


def _nova(variables: Variables, plan: Any, seen: Mapping[str, Any], found: list[str]) -> list[str]:
    if is_elsewhere(variables):
        return ["the nova configuration is written on another host"]
    if undeclared_types(plan):
        return ["guests have devices of an undeclared type"]
    started: Mapping[str, Any] = {}
    if variables.flag("nova_config_check_service") and plan["cards"]:
        started = seen["services"][PROGRAM]
    # The role reads the current text itself.
    present = seen["settings"][variables[NOVA_FILE.variable]]
    read = {"content": b64encode(present.encode()).decode()}
    variables.add(_nova_config_service=dict(started), nova_config_read=read)
    blocked: list[str] = []
    if _differs(variables, NOVA_FILE, seen, blocked):
        found.append("the nova configuration differs")
        if started.get("reports") and REPORT not in oslo.entries(variables[NOVA_FILE.text]):
            blocked.append("nova-compute may no longer report its PCI devices to Placement")
    if _differs(variables, PROVIDER_FILE, seen, blocked):
        found.append("the provider configuration of nova differs")
    refused = [*blocked, *variables["_nova_config_provider_refusals"]]
    # Without a card for nova, its file is not written.
    if not started or all(card["owner"] != "nova" for card in plan["cards"]):
        return refused
    refused += started["unusable"]
    if started["reads"] is False:
        return [*refused, *started["problems"]]
    return [
        *refused,
        *not_effective(started["later"], variables[NOVA_FILE.text], PROGRAM, variables[NOVA_FILE.variable]),
    ]


def _cyborg(variables: Variables, plan: Any, seen: Mapping[str, Any], found: list[str]) -> list[str]:
    started: Mapping[str, Any] = {}
    if variables.flag("cyborg_config_check_service") and any(card["owner"] == "cyborg" for card in plan["cards"]):
        started = seen["services"][AGENT]
    variables.add(_cyborg_config_service=dict(started))
    refused: list[str] = []
    if _differs(variables, CYBORG_FILE, seen, refused):
        found.append("the Cyborg configuration differs")
    if not started:
        return refused
    refused += started["unusable"]
    if started["reads"] is False:
        return [*refused, *started["problems"]]
    path = variables[CYBORG_FILE.variable]
    return [*refused, *not_effective(started["later"], variables[CYBORG_FILE.text], AGENT, path)]


def _differs(variables: Variables, file: SettingsFile, seen: Mapping[str, Any], blocked: list[str]) -> bool:
    """Return whether a file differs from a variable; add to ``blocked`` if the file cannot be written."""
    path = variables[file.variable]
    if variables[file.text] == seen["settings"][path]:
        return False
    blocked += [sentence for sentence in [seen.get("obstacles", {}).get(path)] if sentence]
    return True
