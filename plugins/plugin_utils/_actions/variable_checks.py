# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate variables of roles and playbooks more strictly than argument specs can.

The filter resolve validates the declaration, because it needs the facts of the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._guards import base
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import value_checks as checks
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag

# Empty means the version of the host.
VERSION = re.compile(r"(\d{1,6}(\.\d{1,6})*)?\Z", re.ASCII)
A_DAY, A_WEEK = 86400, 604800  # seconds
# A name with a hyphen in front would be an option of the package manager.
PACKAGE = re.compile(r"(?![\s-])[^\x00-\x1f\x7f]{1,255}(?<!\s)\Z")


def refusals(variables: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each invalid variable of this collection."""
    found = []
    for name, check in CHECKS.items():
        # A variable without a default may be null instead of undefined.
        if name in variables and (variables[name] is not None or name not in OPTIONAL):
            try:
                check(variables[name], name)
            except ValueError as error:
                found += str(error).splitlines()
    return found


def evaluate(variables: Mapping[str, Any], templar: Any) -> Mapping[str, Any]:
    """Return the values of this collection's variables, without those that ``templar`` cannot evaluate."""
    found = {}
    for name in CHECKS.keys() & variables.keys():
        try:
            found[name] = templar.template(variables[name])
        except AnsibleError:
            # The value may refer to facts that are missing. The role that reads it reports the error.
            continue
    return found


_empty_text = partial(checks.text, empty=True)
_choices = {
    "interface": partial(checks.choice, choices=("admin", "internal", "public")),
    "state": partial(checks.choice, choices=("present", "absent")),
}


def _settings(role: str) -> dict[str, checks.Check]:
    """Return the variables that all roles with settings of a service have."""
    return {
        f"{role}_path": partial(checks.file, empty=True),
        f"{role}_owner": _empty_text,
        f"{role}_group": _empty_text,
        f"{role}_mode": checks.mode,
        f"{role}_restart": flag,
        f"{role}_service": checks.service,
        f"{role}_check_service": flag,
    }


def _connection(prefix: str) -> dict[str, checks.Check]:
    return {
        f"{prefix}_cloud": checks.cloud,
        f"{prefix}_auth": checks.auth,
        f"{prefix}_auth_type": checks.text,
        f"{prefix}_region_name": checks.text,
        f"{prefix}_interface": _choices["interface"],
        f"{prefix}_validate_certs": flag,
        f"{prefix}_ca_cert": checks.text,
    }


CHECKS: dict[str, checks.Check] = {
    # Playbooks
    "drain_cards": checks.cards,
    "placement_publish": flag,
    "vfio_capture_directory": checks.text,
    "vfio_discover_directory": checks.text,
    "vfio_progress_interval": checks.progress,
    "vfio_serial": checks.serial,
    "vfio_suggest": flag,
    "vfio_wait": lambda value, name: numbers.count(value, name, 0, A_WEEK, unit="seconds"),
    # Roles
    "boot_state": _choices["state"],
    "boot_python": checks.interpreter,
    "boot_timeout": numbers.duration,
    **{name: check for service in SERVICES for name, check in _settings(service.role).items()},
    "cyborg_config_drivers": partial(checks.list_of, check=checks.text),
    "cyborg_config_nova_release": partial(checks.release, empty=True),
    "iommu_passthrough": flag,
    "iommu_kernel_arguments": partial(checks.list_of, check=checks.kernel_argument),
    "iommu_bootloader": partial(checks.choice, choices=("auto", "grub", "grubby", "systemd-boot", "none")),
    "iommu_command_prefix": partial(checks.list_of, check=checks.text),
    "iommu_reboot": flag,
    "iommu_reboot_timeout": lambda value, name: numbers.count(value, name, 1, A_DAY, unit="seconds"),
    "mdev_timeout": numbers.duration,
    "mdev_persist": flag,
    "mdev_packages": partial(
        checks.list_of,
        check=partial(checks.matching, pattern=PACKAGE, what="the name of a package such as mdevctl"),
    ),
    "nova_config_release": checks.release,
    "nova_config_path": checks.file,
    "nova_config_report_in_placement": flag,
    "nova_config_pci_in_placement": flag,
    "nova_config_provider_config": flag,
    "nova_config_provider_path": checks.file,
    "nova_config_root": checks.root,
    "nova_config_host": _empty_text,
    "nova_config_libvirt": partial(checks.matching, pattern=VERSION, what="a version such as 11.3.0"),
    "placement_state": _choices["state"],
    "placement_root": checks.root,
    "placement_root_optional": flag,
    "placement_shape": partial(checks.choice, choices=("nova", "cyborg", "own")),
    "placement_cyborg_agent": flag,
    "placement_cyborg_host": checks.root,
    "placement_exact_names": flag,
    "placement_drain": checks.drained,
    "placement_cards": partial(checks.list_of, check=checks.text),
    "placement_traits_mode": partial(checks.choice, choices=("exact", "add")),
    "placement_purge": flag,
    **_connection("placement"),
    "report_path": checks.page,
    "report_title": checks.text,
    "report_formats": partial(checks.list_of, check=partial(checks.choice, choices=("page", "csv", "json"))),
    "report_placement": flag,
    "report_placement_root": checks.root,
    **_connection("report"),
    "sriov_timeout": numbers.duration,
    "sriov_allow_host_network": flag,
    "sriov_persist": flag,
    "mig_timeout": numbers.duration,
    "mig_persist": flag,
    "vfio_host_root": partial(
        checks.matching, pattern=re.compile(r"/[^\x00-\x1f\x7f]{0,4095}\Z"), what="an absolute path"
    ),
    "vfio_on_busy": partial(checks.choice, choices=("fail", "skip")),
    "vfio_accept_unseen": partial(checks.list_of, check=partial(checks.choice, choices=base.NAMES)),
    "vfio_compare_only": flag,
}
# These variables have no default, and null means omitted.
OPTIONAL = {
    *("placement_shape", "placement_cyborg_host", "placement_traits_mode", "placement_cards"),
    *_connection("placement"),
    *_connection("report"),
}
