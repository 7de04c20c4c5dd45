# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out with one module run what differs on a host, and whether only the roles of site can correct it.

The plan is made on the controller with the functions of the modules and filters, from the variables of the play and of
the roles.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import MIG, PUBLISHED_ROOT, SERIAL_NUMBERS, USERS
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SettingsService
from ansible_collections.vfio.devices.plugins.module_utils._site.stage_names import LAYOUTS, MODES
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import (
    batches,
    lost_connection,
    role_variables,
    variable_checks,
    variable_names,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.planned_files import (
    access,
    configuration_of,
    services_here,
    settings_files,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.service_settings import differing
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import missing_cards, selection
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences, mdevctl, stages
from ansible_collections.vfio.devices.plugins.plugin_utils._site.kernel import NOUVEAU, kernel_requirements

if TYPE_CHECKING:
    from ansible_collections.vfio.devices.plugins.module_utils._site.observe import SeenHost

# Ansible loads action plugins before it forks for each host, so the program is built once per run.
PROGRAM_SHA256 = hashlib.sha256(archive.build()).hexdigest()


class Reasons(NamedTuple):
    """The reasons why a host differs, each a sentence without a full stop."""

    due: list[str]  # all reasons; empty if the host has its declared state
    parts: list[str]  # the stages that correct them, by their names in ``stage_names``
    roles: list[str]  # the reasons that only the roles can correct or report
    kernel: list[str]  # the reasons that the playbook reprofile does not correct


class ComparesHost(ActionBase):
    """Runs the module with the options of the roles, and plans the host."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        """Return the reasons why the host differs as ``due``."""
        if multiprocessing.parent_process():
            # Ansible has forked this process for the task. A collection would read all objects and copy their memory.
            gc.freeze()
        result: Result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if flag(self._templar.template(task_vars.get("_vfio_is_unchanged", False)), "_vfio_is_unchanged"):
            # Its batch follows the comparison of all hosts.
            return dict(task_vars["vfio_compared"])
        misspelled = variable_names.warnings(task_vars)
        if misspelled:
            result["warnings"] = misspelled
        values = variable_checks.evaluate(task_vars, self._templar)
        refused = variable_checks.refusals(values) or batches.refusals(task_vars, values.get(batches.SERIAL))
        if refused:
            # The argument specs of the roles would report only one of these errors.
            return {**result, "changed": False, "failed": True, "msg": "\n".join(refused), "problems": refused}
        variables = role_variables.with_roles(self._templar, task_vars)
        try:
            variables.get("vfio_profiles", None)
        except AnsibleError as error:
            # The argument spec of the role would not name the variable.
            sentence = f"vfio_profiles cannot be evaluated: {describe_error(error)}"
            return {**result, "changed": False, "failed": True, "msg": sentence}
        try:
            options = _options(variables)
        except (AnsibleError, ValueError, KeyError) as error:
            return {**result, "changed": False, **_by_roles([describe_error(error)])}
        try:
            returned = self._execute_module(module_args=options, task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            # The playbooks continue after a failed host, but may end after an unreachable one.
            return {**result, "changed": False, "failed": True, "msg": lost_connection.describe(str(error))}
        if returned.get("failed") or returned.get("unreachable") or "seen" not in returned:
            return {**result, **returned}
        compared = compare(variables, json.loads(returned["seen"]))
        if "warnings" in compared:
            compared["warnings"] = [*misspelled, *compared["warnings"]]
        return {**result, "changed": False, **compared}


def compare(variables: Variables, seen: SeenHost) -> Result:
    """Plan the host, and return the result of the action: the reasons, the selected cards, and facts that are needed.

    This adds the facts and the plan to ``variables``.
    """
    facts = seen["facts"]
    found: Result = {"selection": None, "unmanaged": stages.unmanaged_owners(variables)}
    try:
        profiles = variables["vfio_profiles"]
        found["selection"] = selection(profiles, facts)
        found["missing"] = missing_cards(found["selection"], _texts(seen))
        plan = resolve(profiles, facts)
        variables.add(ansible_facts={**variables["ansible_facts"], "mdev": facts}, vfio_plan=plan)
        required = _mdevctl(variables, plan, facts)
        found.update(reasons(variables, plan, seen, required)._asdict())
        if required["warning"] and not found["roles"]:
            found["warnings"] = [required["warning"]]
    except (AnsibleError, ValueError, KeyError) as error:
        # The role that needs the value reports the error.
        found.update(_by_roles([describe_error(error)], found["selection"]))
    if found["due"] or stages.publishes(variables):
        found["ansible_facts"] = {"mdev": facts}
    if found["due"]:
        found.update(
            boot_problems=seen["boot_problems"],
            settings=seen["settings"],
            services=seen["services"],
            restarts_owed=seen["restarts_owed"],
        )
    return found


def _texts(seen: SeenHost) -> list[str]:
    """Return the texts that name the cards of earlier runs: settings, and the reasons of records."""
    of_records = [seen.get("reasons", {}).get(stage, []) for stage in (MODES, LAYOUTS)]
    return [*seen.get("settings", {}).values(), *(sentence for sentences in of_records for sentence in sentences)]


def _by_roles(sentences: list[str], selected: Any = None) -> Result:
    """Return the reasons of a host that was not planned, so that the roles run and report the error."""
    return {**Reasons(sentences, [], sentences, [])._asdict(), "selection": selected}


def describe_error(error: Exception) -> str:
    """Return the message for an error of a variable."""
    return f"{error} is not set in this play" if isinstance(error, KeyError) else str(error)


def reasons(variables: Variables, plan: Plan, seen: SeenHost, required: mdevctl.MdevctlRequirements) -> Reasons:
    """Return why the host differs; ``required`` are the requirements of the plan on mdevctl."""
    persist = {role: variables.flag(f"{role}_persist") for role in ("sriov", "mig", "mdev")}
    of_host = differences.of_host(plan, seen, variables["boot_state"] == "absent", persist)
    of_services = differing(variables, plan, seen)
    kernel = _kernel(variables, plan, seen["facts"])
    roles = [*of_host.roles, *kernel, *of_services.roles]
    roles += [] if mdevctl.is_ready(required) else ["mdevctl is not ready"]
    texts = [sentence for sentences in of_services.texts.values() for sentence in sentences]
    due = [*of_host._replace(roles=[]).all, *roles, *texts]
    # The files of any service may be those with different access.
    managed = [service.name for service in stages.managed_services(variables)]
    services = managed if of_host.settings else [name for name, found in of_services.texts.items() if found]
    return Reasons(due, [*of_host.stages, *services], roles, kernel)


def _options(variables: Variables) -> Result:
    """Return the options of the module."""
    here = services_here(variables)
    gather = stages.parts_of_facts(variables)
    return {
        "host_root": variables["vfio_host_root"],
        "users": USERS in gather,
        "mig": MIG in gather,
        "serial_numbers": SERIAL_NUMBERS in gather,
        "published_root": PUBLISHED_ROOT in gather,
        "boot": {
            "state": variables["boot_state"],
            "python": variables["boot_python"] or None,
            "timeout": variables["boot_timeout"],
            "program": PROGRAM_SHA256,
        },
        "files": [access(variables, file) for service in here for file in settings_files(variables, service)],
        "services": [
            _started(variables, service) for service in here if variables.flag(f"{service.role}_check_service")
        ],
    }


def _started(variables: Variables, service: SettingsService) -> Result:
    """Return the options to find out how a service is started."""
    return {
        "project": service.name,
        "program": service.program,
        "unit": variables[f"{service.role}_service"],
        "path": variables[configuration_of(service).variable],
    }


def _mdevctl(variables: Variables, plan: Plan, facts: Any) -> mdevctl.MdevctlRequirements:
    options = (variables["mdev_packages"], variables["vfio_host_root"], variables["inventory_hostname"])
    return mdevctl.mdevctl_requirements(plan, facts, *options)


def _kernel(variables: Variables, plan: Plan, facts: Any) -> list[str]:
    required = kernel_requirements(plan, facts, variables["iommu_kernel_arguments"], variables["iommu_passthrough"])
    lacks = required["lacks"]
    found = [f"the kernel argument {argument} is missing" for argument in lacks["arguments"]]
    found += [f"the driver {driver} is not loaded" for driver in lacks["drivers"]]
    found += [f"{card} has the driver {NOUVEAU}" for card in lacks["nouveau"]]
    if required["cards"] and not facts["iommu"]["enabled"]:
        found.append("the IOMMU is off")
    return [*found, *(f"{card} waits for a reboot" for card in required["waiting"])]
