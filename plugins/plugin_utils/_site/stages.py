# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the stages of the work on a host, with the module options that the tasks of the roles set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from ansible_collections.vfio.devices.plugins.module_utils._run.facts import (
    DEFAULT_PARTS,
    MIG,
    PUBLISHED_ROOT,
    SERIAL_NUMBERS,
    USERS,
)
from ansible_collections.vfio.devices.plugins.module_utils._site.services import NOVA, SERVICES, SettingsService
from ansible_collections.vfio.devices.plugins.module_utils._site.stage_names import (
    BOOT,
    DEVICES,
    LAYOUTS,
    MODES,
    UNWANTED,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences, module_options

# The options of a module.
Options = dict[str, object]
# Stages before the devices, and stages that run with the devices.
OF_CARDS, OF_DEVICES = (MODES, LAYOUTS), (DEVICES, BOOT)
# The variable that the task of a role registers, by stage.
REGISTERED = {
    MODES: "sriov_result",
    LAYOUTS: "mig_result",
    DEVICES: "mdev_made",
    UNWANTED: "mdev_cleared",
    BOOT: "boot_result",
    **{service.name: f"{service.role}_result" for service in SERVICES},
}


class Variables(Protocol):
    """The variables of a play by name."""

    def __getitem__(self, name: str) -> Any:
        """Return a variable; KeyError if the play does not have it."""

    def __contains__(self, name: str) -> bool:
        """Return whether the play has a variable."""

    def get(self, name: str, default: Any) -> Any:
        """Return a variable, or ``default`` if the play does not have it."""


def module_runs(plan: Plan, parts: Iterable[str], check_mode: bool) -> list[list[str]]:
    """Return the parts of the work for each module run.

    The devices of a card can only be planned after a pending change of its mode or layout.
    """
    wanted = [name for name in differences.PARTS if name in parts]
    of_cards = [name for name in wanted if name in OF_CARDS]
    if check_mode or not of_cards or not _is_linked(plan):
        return [wanted]
    return [of_cards, [name for name in OF_DEVICES if name in wanted or name == DEVICES]]


def _is_linked(plan: Plan) -> bool:
    changing = {str(entry["pf"]) for entry in [*plan["functions"], *plan["partitions"]]}
    return bool(plan["later"]) or any(card["framework"] and card["name"] in changing for card in plan["cards"])


def stage_options(variables: Variables, plan: Plan, parts: Sequence[str]) -> dict[str, Options]:
    """Return the options of each stage for which the plan has entries."""
    found: dict[str, Options] = {}
    if MODES in parts and plan["functions"]:
        found[MODES] = {
            "functions": module_options.complete_functions(plan["functions"]),
            **_common(variables, "sriov"),
            "allow_host_network": flag(variables["sriov_allow_host_network"], "sriov_allow_host_network"),
        }
    if LAYOUTS in parts and plan["partitions"]:
        found[LAYOUTS] = {"gpus": module_options.complete_gpus(plan["partitions"]), **_common(variables, "mig")}
    if DEVICES in parts:
        for stage, listed, state in ((DEVICES, "instances", "present"), (UNWANTED, "unwanted", "absent")):
            wanted = plan["instances"] if listed == "instances" else plan["unwanted"]
            if wanted:
                found[stage] = {
                    "instances": module_options.complete_instances(wanted),
                    **_common(variables, "mdev"),
                    "state": state,
                    "exact": stage == DEVICES,
                    "placement": "spread",
                }
    if BOOT in parts and (plan["cards"] or variables["boot_state"] == "absent"):
        found[BOOT] = {
            "state": variables["boot_state"],
            "python": variables["boot_python"] or None,
            "timeout": variables["boot_timeout"],
            "host_root": variables["vfio_host_root"],
        }
    return found


def _common(variables: Variables, role: str) -> Options:
    return {
        "on_busy": variables["vfio_on_busy"],
        "accept_unseen": variables["vfio_accept_unseen"],
        "persist": flag(variables[f"{role}_persist"], f"{role}_persist"),
        "timeout": variables[f"{role}_timeout"],
        "host_root": variables["vfio_host_root"],
    }


def declares_mig(profiles: Any) -> bool:
    """Return whether profiles need facts from nvidia-smi; the profiles may still be invalid."""
    return isinstance(profiles, list) and any(isinstance(one, dict) and "mig" in one for one in profiles)


def declares_dpus(profiles: Any) -> bool:
    """Return whether profiles need the serial numbers of cards; the profiles may still be invalid."""
    return "remote_managed" in str(profiles)


def parts_of_facts(variables: Variables) -> list[str]:
    """Return the parts of the facts that the host needs, as the option ``gather`` of mdev_facts takes them.

    Only service settings depend on users, because a card keeps its old settings until its guests leave. nvidia-smi
    takes seconds, and only MIG layouts need it. Only ports of DPUs need the serial numbers of cards.
    """
    needs_users = managed_services(variables) or publishes(variables)
    profiles = variables.get("vfio_profiles", [])
    needs_mig = declares_mig(profiles)
    found = [*DEFAULT_PARTS, *([USERS] if needs_users else []), *([MIG] if needs_mig else [])]
    found += [SERIAL_NUMBERS] if declares_dpus(profiles) else []
    return [*found, *([PUBLISHED_ROOT] if publishes(variables) else [])]


def managed_services(variables: Variables) -> list[SettingsService]:
    """Return the services whose configuration the variables of the host manage."""
    return [service for service in SERVICES if _is_managed(variables, service)]


def unmanaged_owners(variables: Variables) -> list[str]:
    """Return the owners whose settings are not written on the host, although their services read them there."""
    has_agent = flag(variables.get("placement_cyborg_agent", True), "placement_cyborg_agent")
    absent = [] if has_agent else ["cyborg"]
    return [one.name for one in SERVICES if not _is_managed(variables, one) and one.name not in absent]


def _is_managed(variables: Variables, service: SettingsService) -> bool:
    if service is NOVA:
        # The path has a default.
        return "nova_config_release" in variables
    return bool(variables.get(f"{service.role}_path", ""))


def publishes(variables: Variables) -> bool:
    """Return whether the cards of the host are published in Placement."""
    return "placement_publish" in variables and flag(variables["placement_publish"], "placement_publish")
