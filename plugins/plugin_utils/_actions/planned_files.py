# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the files that the roles write on a host, from the variables of a play."""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._boot import files as boot_files
from ansible_collections.vfio.devices.plugins.module_utils._modes import records
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.plain import flag

# The defaults of the roles, because some playbooks have not loaded the role variables yet.
NOVA_PATH = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
PROVIDER_PATH = "/etc/nova/provider_config/vfio-devices.yaml"
CYBORG_PATH = "/etc/cyborg/cyborg.conf.d/50-vfio-devices.conf"
# The files with their texts, if the play has the roles.
NOVA_FILES, CYBORG_FILES = "_nova_config_files", "_cyborg_config_files"
# The boot loaders for which the role iommu writes a file of its own.
WITH_FILE = ("auto", "grub")


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
    # Only known if the play has the role.
    content: str


def planned_files(known: Variables) -> list[PlannedFile]:
    """Return the files that the roles would write; ``known`` contains at least the plan of the host."""
    paths = [*_of_kernel(known), *_of_cards(known), *_of_boot(known)]
    fixed: list[PlannedFile] = [{"path": path, "variable": ""} for path in paths]
    return [*fixed, *_of_nova(known), *_of_cyborg(known)]


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


def _of_nova(known: Variables) -> list[PlannedFile]:
    # A task of its own checks a file on another host.
    if "nova_config_release" not in known or known.get("nova_config_host", "") not in ("", known["inventory_hostname"]):
        return []
    if NOVA_FILES in known:
        return list(known[NOVA_FILES])
    settings: PlannedFile = {
        "path": known.get("nova_config_path", NOVA_PATH),
        "variable": "nova_config_path",
        "suggestion": NOVA_PATH,
        "owner": known.get("nova_config_owner", ""),
        "group": known.get("nova_config_group", ""),
    }
    if not flag(known.get("nova_config_provider_config", False), "nova_config_provider_config"):
        return [settings]
    path = known.get("nova_config_provider_path", PROVIDER_PATH)
    return [settings, {"path": path, "variable": "nova_config_provider_path", "suggestion": PROVIDER_PATH}]


def _of_cyborg(known: Variables) -> list[PlannedFile]:
    path = known.get("cyborg_config_path", "")
    if not path:
        return []
    if CYBORG_FILES in known:
        return list(known[CYBORG_FILES])
    return [
        {
            "path": path,
            "variable": "cyborg_config_path",
            "suggestion": CYBORG_PATH,
            "owner": known.get("cyborg_config_owner", ""),
            "group": known.get("cyborg_config_group", ""),
        }
    ]
