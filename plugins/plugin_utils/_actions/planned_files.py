# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the files that the roles write on a host, from the variables of a play."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._boot import files as boot_files
from ansible_collections.vfio.devices.plugins.module_utils._modes import records
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag

# The boot loaders for which the role iommu writes a file of its own.
WITH_FILE = ("auto", "grub")
NOVA, CYBORG = "nova_config", "cyborg_config"
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
    # The default of the role for nova, because some playbooks have not loaded the role variables yet.
    suggestion: str
    text: str


NOVA_FILE = SettingsFile(NOVA, "nova_config_path", "/etc/nova/nova.conf.d/50-vfio-devices.conf", "nova_config_text")
PROVIDER_FILE = SettingsFile(
    NOVA, "nova_config_provider_path", "/etc/nova/provider_config/vfio-devices.yaml", "nova_config_provider_text"
)
CYBORG_FILE = SettingsFile(
    CYBORG, "cyborg_config_path", "/etc/cyborg/cyborg.conf.d/50-vfio-devices.conf", "cyborg_config_text"
)


def planned_files(known: Variables, roles: Iterable[str] = ()) -> list[PlannedFile]:
    """Return the files that the roles would write on the host; ``known`` contains at least its plan.

    ``roles`` limits the result to their settings files, which may be on another host.
    """
    if roles:
        return [_entry(known, file) for role in roles for file in settings_files(known, role)]
    paths = [*_of_kernel(known), *_of_cards(known), *_of_boot(known)]
    fixed: list[PlannedFile] = [{"path": path, "variable": ""} for path in paths]
    # A task of its own checks a file on another host.
    here = [CYBORG] if is_elsewhere(known) else [NOVA, CYBORG]
    return [*fixed, *planned_files(known, here)]


def settings_files(known: Variables, role: str) -> list[SettingsFile]:
    """Return the settings files of a service, none if the variables do not manage it."""
    if role == CYBORG:
        return [CYBORG_FILE] if known.get(CYBORG_FILE.variable, "") else []
    if "nova_config_release" not in known:
        return []
    # Another host may have such a file for itself.
    return [NOVA_FILE] if is_elsewhere(known) and not _has_providers(known) else [NOVA_FILE, PROVIDER_FILE]


def _has_providers(known: Variables) -> bool:
    return flag(known.get(PROVIDERS, False), PROVIDERS)


def is_elsewhere(known: Variables) -> bool:
    """Return whether the nova configuration of the host is written on another host."""
    return known.get("nova_config_host", "") not in ("", known["inventory_hostname"])


def access(known: Variables, file: SettingsFile) -> PlannedFile:
    """Return a file with its owner, group and mode, empty if they stay unchanged."""
    mode = known.get(f"{file.role}_mode", "")
    return {
        "path": known.get(file.variable, file.suggestion),
        "variable": file.variable,
        "owner": known.get(f"{file.role}_owner", ""),
        "group": known.get(f"{file.role}_group", ""),
        # YAML parses 0640 without quotes as a number.
        "mode": f"{mode:04o}" if isinstance(mode, int) else mode,
        # Only a file of this collection is removed.
        "ignore_others": file is PROVIDER_FILE and not _has_providers(known),
    }


def _entry(known: Variables, file: SettingsFile) -> PlannedFile:
    entry: PlannedFile = {**access(known, file), "suggestion": file.suggestion}
    if file.text in known:
        entry["content"] = known[file.text]
    return entry


def _of_kernel(known: Variables) -> list[str]:
    """Return the files of the role iommu. What the host lacks is known if the play has the role."""
    lacks = known.get("_iommu_lacks", {})
    written = [name for name, values in lacks.items() if values]
    if known.get("iommu_bootloader", "auto") not in WITH_FILE:
        written = [name for name in written if name != "arguments"]
    return [known["_iommu_files"][name]["path"] for name in written]


def _of_cards(known: Variables) -> list[str]:
    return [f"/{records.rule_path(entry['pf'])}" for entry in known["vfio_plan"]["functions"]]


def _of_boot(known: Variables) -> list[str]:
    if not known["vfio_plan"]["cards"] and known.get("boot_state", "present") != "absent":
        return []
    return [f"/{path}" for path in (*boot_files.PATHS, *boot_files.links())]
