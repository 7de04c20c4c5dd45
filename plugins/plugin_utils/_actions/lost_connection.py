# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out from the registered results of a host whether its connection was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES

# The variables that tasks on the host register, in playbooks that continue after an unreachable host.
REGISTERED = (
    "vfio_observed",
    "vfio_predicted",
    "vfio_applied",
    "vfio_seen",
    "vfio_files_checked",
    "vfio_other_files_checked",
    "iommu_found",
    "iommu_kernel_files",
    "iommu_images_found",
    "iommu_line",
    "iommu_written",
    "iommu_menu_written",
    "iommu_menu_copied",
    "iommu_kernels",
    "iommu_arguments_added",
    "iommu_line_written",
    "iommu_line_copied",
    "iommu_entries_written",
    "iommu_images_written",
    "iommu_loaded",
    "iommu_users_read",
    "iommu_rebooted",
    "sriov_result",
    "mig_result",
    "mdev_installed",
    "mdev_rule_read",
    "mdev_shipped",
    "mdev_rule_fixed",
    "mdev_made",
    "mdev_cleared",
    "boot_result",
    "nova_config_read",
    "nova_config_deployed",
    *(f"{service.role}_{result}" for service in SERVICES for result in ("observed", "result", "restarted")),
    "placement_recorded",
)
# Ansible adds this to the message since ansible-core 2.19.
HEADING = "Task failed: "


def lost_connections(variables: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each unreachable result, each once; ``variables`` are those of the host."""
    results = [variables[name] for name in REGISTERED if name in variables]
    return list(dict.fromkeys(describe(message) for result in results for message in _unreachable(result)))


def describe(message: str) -> str:
    """Return the sentence for an error of the connection."""
    return f"The host is unreachable: {' '.join(message.removeprefix(HEADING).split())}"


def _unreachable(result: Any) -> list[str]:
    if not isinstance(result, Mapping):
        return []
    # A task in a loop has a result for each item.
    results = [result, *(one for one in result.get("results") or [] if isinstance(one, Mapping))]
    return [str(one.get("msg", "")) for one in results if one.get("unreachable")]
