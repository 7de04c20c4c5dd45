# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the steps that a run of site leaves to the user: settings of services that it does not write, and reboots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import shorten
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg, nova
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter

SHOWN = 5
# What is not written for an owner, and the remedy.
REMINDERS = {
    nova.OWNER: (
        "nova_config_release is not set, so the nova configuration is not written. Set nova_config_release, for "
        'example nova_config_release: "2026.2". Or set owner: none, or configure [devices] and [pci] in nova.conf '
        "yourself."
    ),
    cyborg.OWNER: (
        "cyborg_config_path is not set, so the Cyborg configuration is not written. Set cyborg_config_path, for "
        "example cyborg_config_path: /etc/cyborg/cyborg.conf.d/50-vfio-devices.conf. Or write the text of the filter "
        "vfio.devices.cyborg_config to where the settings of cyborg-agent come from. If no cyborg-agent runs on the "
        "hosts, set placement_cyborg_agent: false."
    ),
}


def remaining_steps(hosts: Any, hostvars: Any, check_mode: Any = False) -> list[str]:
    """Return the sentences; ``hostvars`` has the variables of the hosts of the play."""
    if not isinstance(hosts, list) or not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("remaining_steps takes names of hosts, and their variables")
    with errors_of_filter("remaining_steps", "remaining_steps takes the variables of all hosts"):
        found = [variables for variables in map(hostvars.__getitem__, hosts) if "vfio_failure" not in variables]
        return [*_reminders(found), *_reboots(found, bool(check_mode))]


def _reminders(hosts: list[Any]) -> Iterator[str]:
    # The profiles whose settings are not written, by owner. A dictionary keeps the order.
    profiles: dict[str, dict[str, None]] = {owner: {} for owner in REMINDERS}
    for variables in hosts:
        compared = variables.get("vfio_compared")
        if not isinstance(compared, Mapping) or not compared.get("selection"):
            continue
        for profile in compared["selection"]["profiles"]:
            if profile["cards"] and profile["owner"] in compared.get("unmanaged", ()):
                profiles[profile["owner"]][profile["name"]] = None
    for owner, names in profiles.items():
        if names:
            noun, verb = ("Profile", "has") if len(names) == 1 else ("Profiles", "have")
            yield f"{noun} {shorten(list(names), SHOWN)} {verb} the owner {owner}, but {REMINDERS[owner]}"


def _reboots(hosts: list[Any], check_mode: bool) -> Iterator[str]:
    waiting = [one for one in hosts if "iommu_reboot_needed" in one and one["iommu_reboot_needed"]]
    if not waiting:
        return
    yield from (str(one["iommu_reboot_message"]) for one in waiting)
    which = "this host" if len(waiting) == 1 else "these hosts"
    are_manual = [bool(one.get("iommu_manual_arguments")) for one in waiting]
    begin = "Run site, reboot" if check_mode and not all(are_manual) else "Reboot"
    # A reboot by the playbook would come before the arguments that the user adds.
    by_site = "" if any(are_manual) else f" Set `iommu_reboot: true` to have site reboot {which}."
    yield f"{begin} {which}, then run site again.{by_site}"
