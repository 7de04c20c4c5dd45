# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out with one module run what differs on a host, and whether only the roles of site can correct it.

The plan is made on the controller with the functions of the modules and filters, from the role variables of the play.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import MIG, PUBLISHED_ROOT, SERIAL_NUMBERS, USERS
from ansible_collections.vfio.devices.plugins.module_utils._site.stage_names import NOVA
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import (
    batches,
    lost_connection,
    variable_checks,
    variable_names,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.planned_files import (
    NOVA_FILE,
    access,
    is_elsewhere,
    settings_files,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.service_settings import (
    PROGRAM,
    Differing,
    differing,
    managed,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences, mdevctl, stages
from ansible_collections.vfio.devices.plugins.plugin_utils._site.kernel import NOUVEAU, kernel_requirements

# Ansible loads action plugins before it forks for each host, so the program is built once per run.
CHECKSUM = hashlib.sha256(archive.build()).hexdigest()


class Reasons(NamedTuple):
    """The reasons why a host differs, the parts of the work that correct it, and the reasons to run the roles.

    ``kernel`` are the reasons that the playbook reprofile does not correct.
    """

    due: list[str]
    parts: list[str]
    roles: list[str]
    kernel: list[str]


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
        checked = variable_checks.known(task_vars, self._templar)
        refused = variable_checks.refusals(checked) or batches.refusals(task_vars, checked.get(batches.SERIAL))
        if refused:
            # The argument specs of the roles would report only one of these errors.
            return {**result, "changed": False, "failed": True, "msg": "\n".join(refused), "problems": refused}
        known = Variables(self._templar, task_vars)
        try:
            options = _options(known)
        except (AnsibleError, ValueError, KeyError) as error:
            return {**result, "changed": False, **_by_roles([describe_error(error)])}
        try:
            returned = self._execute_module(module_args=options, task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            # The playbooks continue after a failed host, but may end after an unreachable one.
            return {**result, "changed": False, "failed": True, "msg": lost_connection.describe(str(error))}
        if returned.get("failed") or returned.get("unreachable") or "seen" not in returned:
            return {**result, **returned}
        seen = json.loads(returned["seen"])
        facts = seen["facts"]
        found: Result = {**result, "changed": False, "selection": None}
        try:
            profiles = known["vfio_profiles"]
            found["selection"] = selection(profiles, facts)
            plan = resolve(profiles, facts)
            known.add(ansible_facts={**known["ansible_facts"], "mdev": facts}, vfio_plan=plan)
            required = _mdevctl(known, plan, facts)
            found.update(reasons(known, plan, seen, required)._asdict())
            if required["warning"] and not found["roles"]:
                found["warnings"] = [*misspelled, required["warning"]]
        except (AnsibleError, ValueError, KeyError) as error:
            # The role that needs the value reports the error.
            found.update(_by_roles([describe_error(error)], found["selection"]))
        if found["due"] or stages.publishes(known):
            found["ansible_facts"] = {"mdev": facts}
        if found["due"]:
            found.update({name: seen[name] for name in ("boot_problems", "settings", "services", "restarts_owed")})
        return found


def _by_roles(sentences: list[str], selected: Any = None) -> Result:
    return {**Reasons(sentences, [], sentences, [])._asdict(), "selection": selected}


def describe_error(error: Exception) -> str:
    """Return the message for an error of a variable."""
    return f"{error} is not set in this play" if isinstance(error, KeyError) else str(error)


def reasons(known: Variables, plan: Any, seen: Any, of_mdevctl: mdevctl.MdevctlRequirements) -> Reasons:
    """Return why the host differs."""
    persist = {role: known.flag(f"{role}_persist") for role in ("sriov", "mig", "mdev")}
    of_host = differences.of_host(plan, seen, known["boot_state"] == "absent", persist)
    of_services = differing(known, plan, seen)
    kernel = _kernel(known, plan, seen["facts"])
    roles = [*of_host.roles, *kernel, *of_services.roles]
    roles += [] if mdevctl.is_ready(of_mdevctl) else ["mdevctl is not ready"]
    texts = [sentence for sentences in of_services.texts.values() for sentence in sentences]
    found = [*of_host._replace(roles=[]).all, *roles, *texts]
    return Reasons(found, [*of_host.stages, *_services(of_services, of_host.settings, known)], roles, kernel)


def _services(found: Differing, access: Iterable[str], known: Variables) -> list[str]:
    """Return the services whose settings differ: all if the access of a file differs."""
    if any(access):
        return managed(known)
    return [service for service, sentences in found.texts.items() if sentences]


def _options(known: Variables) -> Result:
    """Return the options of the module."""
    services = managed(known)
    has_nova = NOVA in services and not is_elsewhere(known)
    here = [service for service in services if service != NOVA or has_nova]
    service = {"project": "nova", "program": PROGRAM, "unit": known["nova_config_service"] if has_nova else ""}
    asks = has_nova and known.flag("nova_config_check_service")
    gather = stages.parts_of_facts(known)
    return {
        "host_root": known["vfio_host_root"],
        "users": USERS in gather,
        "mig": MIG in gather,
        "serial_numbers": SERIAL_NUMBERS in gather,
        "published_root": PUBLISHED_ROOT in gather,
        "boot": {
            "state": known["boot_state"],
            "python": known["boot_python"] or None,
            "timeout": known["boot_timeout"],
            "program": CHECKSUM,
        },
        "files": [access(known, file) for service in here for file in settings_files(known, f"{service}_config")],
        "services": [{**service, "path": known[NOVA_FILE.variable]}] if asks else [],
    }


def _mdevctl(known: Variables, plan: Any, facts: Any) -> mdevctl.MdevctlRequirements:
    variables = (known["mdev_packages"], known["vfio_host_root"], known["inventory_hostname"])
    return mdevctl.mdevctl_requirements(plan, facts, *variables)


def _kernel(known: Variables, plan: Any, facts: Any) -> list[str]:
    required = kernel_requirements(plan, facts, known["iommu_kernel_arguments"], known["iommu_passthrough"])
    lacks = required["lacks"]
    found = [f"the kernel argument {argument} is missing" for argument in lacks["arguments"]]
    found += [f"the driver {driver} is not loaded" for driver in lacks["drivers"]]
    found += [f"{card} has the driver {NOUVEAU}" for card in lacks["nouveau"]]
    if required["cards"] and not facts["iommu"]["enabled"]:
        found.append("the IOMMU is off")
    return [*found, *(f"{card} waits for a reboot" for card in required["waiting"])]
