# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the files that the roles write on a host, from the variables of a play."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._boot import files as boot_files
from ansible_collections.vfio.devices.plugins.module_utils._modes import records
from ansible_collections.vfio.devices.plugins.module_utils._site.services import NOVA, SettingsService
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._site.stages import managed_services

# The boot loaders for which the role iommu writes a file of its own.
WITH_FILE = ("auto", "grub")
PROVIDERS = "nova_config_provider_config"


class _File(TypedDict):
    path: str
    # The variable that contains the path, or empty if the path is fixed.
    variable: str


class PlannedFile(_File, total=False):
    """A file for the module managed_files."""

    # The path to suggest if another program uses this one.
    suggestion: str
    owner: str
    group: str
    mode: str
    ignore_others: bool
    # Only known if the play has the role.
    content: str


class SettingsFile(NamedTuple):
    """A settings file that a role writes, with the names of its variables."""

    role: str
    variable: str
    # The default of the role for nova. A play without the roles has no other one.
    suggestion: str
    text: str


PROVIDER_FILE = SettingsFile(
    NOVA.role, "nova_config_provider_path", "/etc/nova/provider_config/vfio-devices.yaml", "nova_config_provider_text"
)


def configuration_of(service: SettingsService) -> SettingsFile:
    """Return the configuration file of a service."""
    path = f"/etc/{service.name}/{service.name}.conf.d/50-vfio-devices.conf"
    return SettingsFile(service.role, f"{service.role}_path", path, f"{service.role}_text")


def planned_files(variables: Variables, roles: Collection[str] = ()) -> list[PlannedFile]:
    """Return the files that the roles would write on the host; ``variables`` contains at least its plan.

    ``roles`` limits the result to their settings files, which may be on another host.
    """
    if roles:
        return _of_services(variables, [service for service in managed_services(variables) if service.role in roles])
    paths = [*_of_kernel(variables), *_of_cards(variables), *_of_boot(variables)]
    fixed: list[PlannedFile] = [{"path": path, "variable": ""} for path in paths]
    # A task of its own checks a file on another host.
    return [*fixed, *_of_services(variables, services_here(variables))]


def services_here(variables: Variables) -> list[SettingsService]:
    """Return the managed services whose settings are not written on another host."""
    return [one for one in managed_services(variables) if one is not NOVA or not is_elsewhere(variables)]


def settings_files(variables: Variables, service: SettingsService) -> list[SettingsFile]:
    """Return the settings files of a managed service."""
    # Another host may have a file with providers for itself.
    if service is not NOVA or is_elsewhere(variables) and not _has_providers(variables):
        return [configuration_of(service)]
    return [configuration_of(service), PROVIDER_FILE]


def _has_providers(variables: Variables) -> bool:
    return flag(variables.get(PROVIDERS, False), PROVIDERS)


def is_elsewhere(variables: Variables) -> bool:
    """Return whether the nova configuration of the host is written on another host."""
    return variables.get("nova_config_host", "") not in ("", variables["inventory_hostname"])


def access(variables: Variables, file: SettingsFile) -> PlannedFile:
    """Return a file with its owner, group and mode, empty if they stay unchanged."""
    mode = variables.get(f"{file.role}_mode", "")
    return {
        "path": variables.get(file.variable, file.suggestion),
        "variable": file.variable,
        "owner": variables.get(f"{file.role}_owner", ""),
        "group": variables.get(f"{file.role}_group", ""),
        # YAML parses 0640 without quotes as a number.
        "mode": f"{mode:04o}" if isinstance(mode, int) else mode,
        # Only a file of this collection is removed.
        "ignore_others": file is PROVIDER_FILE and not _has_providers(variables),
    }


def _of_services(variables: Variables, services: Iterable[SettingsService]) -> list[PlannedFile]:
    return [_entry(variables, file) for service in services for file in settings_files(variables, service)]


def _entry(variables: Variables, file: SettingsFile) -> PlannedFile:
    entry: PlannedFile = {**access(variables, file), "suggestion": file.suggestion}
    if file.text in variables:
        entry["content"] = variables[file.text]
    return entry


def _of_kernel(variables: Variables) -> list[str]:
    """Return the files of the role iommu. What the host lacks is known if the play has the role."""
    lacks = variables.get("_iommu_lacks", {})
    written = [name for name, values in lacks.items() if values]
    if variables.get("iommu_bootloader", "auto") not in WITH_FILE:
        written = [name for name in written if name != "arguments"]
    return [variables["_iommu_files"][name]["path"] for name in written]


def _of_cards(variables: Variables) -> list[str]:
    return [f"/{records.rule_path(entry['pf'])}" for entry in variables["vfio_plan"]["functions"]]


def _of_boot(variables: Variables) -> list[str]:
    if not variables["vfio_plan"]["cards"] and variables.get("boot_state", "present") != "absent":
        return []
    return [f"/{path}" for path in (*boot_files.PATHS, *boot_files.links())]
