# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the work of site on a simulated host without Ansible: as its roles do, and in one module run."""

from __future__ import annotations

import hashlib
import json

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._boot import job as boot
from ansible_collections.vfio.devices.plugins.module_utils._boot.archive import build
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import DEFAULT_PARTS
from ansible_collections.vfio.devices.plugins.module_utils._site.observe import Boot, observe_site
from ansible_collections.vfio.devices.plugins.module_utils._site.stages import apply
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences, module_options, stages
from ansible_collections.vfio.devices.plugins.plugin_utils._site.differences import PARTS
from ansible_collections.vfio.devices.tests.unit.golden.play import table

DECLARATIONS = table("declarations")
SITES = [(name, host) for name, declaration in DECLARATIONS.items() for host in declaration["hosts"]]
PROGRAM = hashlib.sha256(build()).hexdigest()
PERSIST = {"sriov": True, "mig": True, "mdev": True}
VARIABLES = {
    **dict.fromkeys(("sriov_persist", "mig_persist", "mdev_persist"), True),
    **dict.fromkeys(("sriov_timeout", "mig_timeout", "mdev_timeout", "boot_timeout"), 60.0),
    "sriov_allow_host_network": False,
    "vfio_on_busy": "fail",
    "vfio_accept_unseen": [],
    "vfio_host_root": "/simulated",
    "boot_state": "present",
    "boot_python": "",
}
OPTIONS = {"on_busy": "fail", "allow_host_network": False, "accept_unseen": [], "persist": True}
DEVICES = {**OPTIONS, "placement": "spread"}


class Site:
    """The work of site on a simulated host, without Ansible."""

    def __init__(self, host, profiles):
        self.host, self.profiles = host, profiles

    def plan(self, facts):
        return resolve(self.profiles, facts)

    def due(self):
        """Return the reasons from the comparison with the result of a module."""
        seen = observe_site(self.host.root(), [], Boot(True, None, 60.0, PROGRAM), [], [])
        seen = json.loads(json.dumps(seen))
        try:
            return differences.of_host(self.plan(seen["facts"]), seen, False, PERSIST).all
        except AnsibleFilterError as error:
            return [str(error)]

    def roles(self, check):
        """Return whether the roles change or report anything."""
        said = False
        for step in (self._modes, self._devices, self._unwanted, self._boot):
            plan = self.plan(self.host.facts())
            result = step(plan, check)
            said = said or bool(result and (result["changed"] or result.get("busy") or result.get("failures")))
            said = said or any(one["busy"] for one in (result or {}).get("functions", []))
        return said or bool(self.plan(self.host.facts())["later"])

    def _modes(self, plan, check):
        wanted = module_options.functions(plan["functions"])
        return modes.converge(self.host.root(), OPTIONS, wanted, [], check) if wanted else None

    def _devices(self, plan, check):
        options = {**DEVICES, "state": "present", "exact": True}
        wanted = module_options.instances(plan["instances"]) if plan["instances"] else None
        return instances.converge(self.host.root(), options, wanted, check) if wanted else None

    def _unwanted(self, plan, check):
        return self.host.converge(*plan["unwanted"], state="absent", check=check) if plan["unwanted"] else None

    def _boot(self, plan, check):
        return boot.converge(self.host.root(), True, None, 60.0, check) if plan["cards"] else None

    def direct(self, check=False, parts=PARTS):
        """Do the work as the playbook does without the roles. Return the results of the stages, or raise Refused."""
        results, plan = {}, self.plan(self.host.facts())
        for number, of_round in enumerate(stages.module_runs(plan, parts, check)):
            if number and plan["later"]:
                break
            todo = json.loads(json.dumps(stages.stage_options(VARIABLES, plan, of_round)))
            found = apply(self.host.root(), todo, () if check else DEFAULT_PARTS, Call(check))
            results.update(found["stages"])
            plan = self.plan(found.get("facts") or self.host.facts())
        return results

    def says(self):
        """Return whether the roles change, report or refuse anything in check mode."""
        try:
            return self.roles(check=True)
        except (AnsibleFilterError, Refused, HostError):
            return True
