# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Correct with one module run what the module ``cards`` has found to differ on a host.

A second run is needed if the devices of a card can only be planned after a change of its mode or layout. A long run is
split into several calls of the module to show progress. The settings of services are written in the run that
creates the devices, or in another run after a change of modes.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.vfio.devices.plugins.module_utils._core.progress import BUDGET
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES
from ansible_collections.vfio.devices.plugins.module_utils._site.skipped import has_skipped
from ansible_collections.vfio.devices.plugins.module_utils._site.stage_names import BOOT, LAYOUTS, MODES, SETTINGS
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import (
    long_work,
    lost_connection,
    merged_results,
    role_variables,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cards import describe_error
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.service_settings import differing, task_options
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import stages

FAILED = ("failed", "msg", "problems", "exception", "unreachable")
# Headers of diffs that have no path.
HEADERS = {"modes": "card modes", "layouts": "MIG layouts", "devices": "devices", "unwanted": "unwanted devices"}


class AppliesPlan(long_work.LongWork):
    """Run the module with the stages that are due, and plan again between two runs."""

    _supports_async = False
    _arguments: Result = {}

    def arguments(self) -> Result:
        """Return the options of the module for the current run."""
        return self._arguments

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        """Return the results of all stages, the plan after them, and the services whose settings differ."""
        result: Result = super(long_work.LongWork, self).run(tmp, task_vars)
        task_vars = task_vars or {}
        return {**result, **self.work(task_vars, self._interval(task_vars))}

    def work(self, task_vars: Result, seconds: float) -> Result:
        """Return the result of the action. Show progress every ``seconds``, or never if 0."""
        variables = role_variables.with_roles(self._templar, task_vars)
        found: Result = {"changed": False, "results": {}, "written": {}, "diff": [], "warnings": []}
        try:
            self._apply(found, variables, task_vars, seconds)
        except AnsibleConnectionFailure as error:
            # As in cards. The result contains the changes before the loss.
            return {**found, "failed": True, "msg": lost_connection.describe(str(error))}
        except (AnsibleError, ValueError, KeyError) as error:
            return {**found, "failed": True, "msg": describe_error(error)}
        return found

    def _apply(self, found: Result, variables: Variables, task_vars: Result, seconds: float) -> None:
        """Run the module for each part of the plan, and add the results to ``found``."""
        check_mode = bool(self._task.check_mode)
        compared = variables["vfio_compared"]
        plan = resolve(variables["vfio_profiles"], variables["ansible_facts"]["mdev"])
        # The last run only writes settings, if no other run has.
        for number, names in enumerate([*stages.module_runs(plan, compared["parts"], check_mode), []]):
            if number and plan["later"] and variables["vfio_on_busy"] != "skip":
                # The role sriov reports these cards.
                break
            of_cards = stages.stage_options(variables, plan, names)
            due = {**of_cards, **_settings_stages(found, variables, plan, compared, of_cards)}
            if not due:
                continue
            options: Result = {
                "stages": due,
                "gather": stages.parts_of_facts(variables) if {*of_cards} - {BOOT} and not check_mode else [],
                "has_changed": found["changed"],
                "host_root": variables["vfio_host_root"],
                "timeout": next((of_stage["timeout"] for of_stage in of_cards.values()), variables["boot_timeout"]),
            }
            returned = self._run_module(task_vars, options, seconds)
            _add(found, returned, due)
            if found.get("failed"):
                return
            if "facts" in returned:
                found["ansible_facts"] = {"mdev": returned["facts"]}
                variables.add(ansible_facts={**variables["ansible_facts"], "mdev": returned["facts"]})
                plan = resolve(variables["vfio_profiles"], returned["facts"])
        variables.add(vfio_plan=plan)
        found["plan"] = plan
        found["is_unfinished"] = bool(plan["later"]) or any(map(has_skipped, found["results"].values()))
        found["settings"] = _settings(variables, plan, compared, found["written"])

    def _run_module(self, task_vars: Result, options: Result, seconds: float) -> Result:
        """Call the module until all its stages are done, and return the merged result.

        Each call stops after ``seconds``, so that a line about its progress can be printed.
        """
        begin = time.monotonic()
        budget = {BUDGET: str(seconds)} if seconds else {}
        results: Result = {}
        done = 0
        # Where the call before stopped: the stage, and the number of its remaining cards or devices.
        stopped, least = "", 0
        while True:
            self._arguments = options
            returned = self.call(task_vars, **budget)
            last = ""
            for last, result in returned.pop("stages", {}).items():
                of_call = {name: value for name, value in result.items() if name != "progress"}
                results[last] = merged_results.merge(results.get(last), of_call)
            progress = returned.pop("progress", None)
            if not progress:
                return {**returned, "stages": results}
            options = _remaining(options, results, last, returned["changed"])
            done, left = done + progress["done"], progress["left"]
            things = "cards" if last == MODES else "devices"
            where = task_vars["inventory_hostname"]
            long_work.print_line(long_work.sentence(where, done, done + left, things, time.monotonic() - begin))
            if last == stopped and left >= least:
                # Another program reverts the changes; the loop must not continue forever.
                budget = {}
            stopped, least = last, left


def _remaining(options: Result, results: Result, last: str, has_changed: bool) -> Result:
    """Return the options of the next call, which continues with the stage ``last`` that stopped at the deadline."""
    ended = {*results} - {last}
    if any(map(has_skipped, results.values())):
        ended |= {*SETTINGS}
    stages_left = {name: given for name, given in options["stages"].items() if name not in ended}
    has_changed = has_changed or options["has_changed"]
    return {**options, "stages": stages_left, "has_changed": has_changed, "is_checked": True}


def _settings_stages(found: Result, variables: Variables, plan: Any, compared: Any, of_cards: Result) -> Result:
    """Return the options of the stages that write settings after the stages ``of_cards``; none if the roles write them.

    The text depends on the facts after a change of modes and layouts. The roles report skipped work before they write.
    """
    is_certain = not {MODES, LAYOUTS} & of_cards.keys() and not plan["later"]
    if not is_certain or found["written"] or any(map(has_skipped, found["results"].values())):
        return {}
    variables.add(vfio_plan=plan)
    due = _settings(variables, plan, compared, ())
    writing = [service for service in SERVICES if due.get(service.name) == "configure"]
    return {service.name: task_options(variables, service) for service in writing}


def _settings(variables: Variables, plan: Any, compared: Any, written: Collection[str]) -> dict[str, str]:
    """Return the task file for each service to configure: ``main`` for all if their roles must report an error.

    The role of a service in ``written`` reports the result, or writes the settings again if their text has changed.
    """
    if compared.get("due") == []:
        # Only the providers in Placement differ.
        return {}
    every = {service.name: "main" for service in stages.managed_services(variables)}
    try:
        found = differing(variables, plan, compared)
    except (AnsibleError, ValueError, KeyError):
        return every
    if found.roles:
        return every
    due = {*compared["parts"], *written}
    return {name: "configure" for name in every if name in due or found.texts[name]}


def _add(found: Result, returned: Result, options: Result) -> None:
    """Add the result of a module run to ``found``; ``options`` has the options of each stage."""
    of_stages = returned.get("stages", {})
    of_cards = {stage: result for stage, result in of_stages.items() if stage not in SETTINGS}
    for stage, result in of_stages.items():
        found["results"][stages.REGISTERED[stage]] = result
        found["warnings"] += [warning for warning in result.pop("warnings", []) if warning not in found["warnings"]]
    # The tasks of the roles report the results of the other stages.
    found["written"].update({stage: options[stage] for stage in of_stages.keys() - of_cards.keys()})
    for stage, result in of_cards.items():
        found["diff"] += _diffs(stage, result.get("diff"))
        found["changed"] = found["changed"] or bool(result.get("changed"))
    found["warnings"] += returned.get("warnings", [])
    found.update({name: returned[name] for name in FAILED if returned.get(name)})
    last = list(of_cards.values())[-1] if of_cards else {}
    if last.get("failed"):
        # This result is merged from several calls.
        found.update({name: last[name] for name in FAILED if name in last})


def _diffs(stage: str, diff: Any) -> list[Result]:
    """Return the differences of a stage with a header; a difference without a path has no header yet."""
    if not isinstance(diff, dict):
        return list(diff or [])
    header = HEADERS[stage]
    return [{**diff, "before_header": header, "after_header": header}] if diff["before"] != diff["after"] else []
