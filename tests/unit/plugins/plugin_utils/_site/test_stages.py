# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import DEFAULT_PARTS, USERS
from ansible_collections.vfio.devices.plugins.module_utils._site.stages import apply
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.cyborg import cyborg_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova import nova_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_provider_config import provider_config
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences, stages
from ansible_collections.vfio.devices.tests.simhost.tree import File, Link
from ansible_collections.vfio.devices.tests.unit.site import DECLARATIONS, SITES, VARIABLES, Site

ROLES = Path(__file__).resolve().parents[5] / "roles"
# The task of the role for each stage.
TASKS = {
    "modes": ("sriov", 0),
    "layouts": ("mig", 0),
    "devices": ("mdev", 0),
    "unwanted": ("mdev", 1),
    "boot": ("boot", 0),
}
T4 = "0000:3b:00.0"
DEMO = [("demo", host) for host in ("t4", "l40s", "nics", "mtty", "mixed", "empty")]


def state(host):
    """Return the files and the facts of a host."""
    kinds = (File, Link)
    files = {path: node for path, node in host.kernel.tree.nodes.items() if isinstance(node, kinds)}
    texts = {path: node.data if isinstance(node, File) else node.target for path, node in files.items()}
    return {path: text for path, text in texts.items() if path.startswith(("etc/", "usr/", "run/"))}, host.facts()


def outcome(work):
    """Return the result of the work, or the problems of its refusal."""
    try:
        return work()
    except Refused as refused:
        return refused.problems
    except AnsibleFilterError as error:
        return str(error)


@pytest.mark.parametrize(("name", "host"), [*DEMO, ("late_types", "debian"), ("guests_refuse", "mixed")])
def test_one_run_does_what_the_roles_do(simulated, name, host):
    by_roles, direct = (Site(simulated(host), DECLARATIONS[name]["profiles"]) for _way in range(2))
    first = outcome(lambda: by_roles.roles(check=False))
    predicted = outcome(lambda: direct.direct(check=True))
    assert state(direct.host) == state(simulated(host))
    results = outcome(direct.direct)
    if isinstance(predicted, list):
        # All problems are reported together, before the first write.
        assert first and set(first) <= set(predicted)
        assert results["modes"]["problems"] == first
        assert state(direct.host)[0].keys() - state(simulated(host))[0].keys() <= {"run/vfio-devices/lock"}
        return
    assert state(direct.host) == state(by_roles.host)
    assert all(results[stage]["changed"] == result["changed"] for stage, result in predicted.items())
    assert all(results[stage]["diff"] == result["diff"] for stage, result in predicted.items() if stage == "boot")
    again = direct.direct()
    assert not any(result["changed"] for result in again.values())


@pytest.mark.parametrize(("name", "host"), SITES)
def test_settings_do_not_depend_on_new_devices(simulated, name, host):
    """The run that creates the devices can write them."""
    site = Site(simulated(host), DECLARATIONS[name]["profiles"])

    def settings(parts):
        """Return the texts for the plan after the work on ``parts``, empty if it is refused or fails."""
        try:
            todo = stages.stage_options(VARIABLES, site.plan(site.host.facts()), parts)
            done = apply(site.host.root(), json.loads(json.dumps(todo)), [*DEFAULT_PARTS, USERS], Call(False))
            plan = site.plan(done["facts"] if "facts" in done else site.host.facts())
        except (Refused, AnsibleFilterError):
            return []
        texts = (lambda: nova_config(plan, "2026.2"), lambda: cyborg_config(plan))
        return [outcome(text) for text in (*texts, lambda: provider_config(plan, "compute7", "2026.2"))]

    before, after = settings(stages.OF_CARDS), settings(stages.OF_DEVICES)
    assert after in (before, [])


def test_devices_of_new_functions_need_a_second_run(simulated):
    facts = simulated("mixed").facts()
    plan = resolve(DECLARATIONS["demo"]["profiles"], facts)
    assert stages.module_runs(plan, differences.PARTS, False) == [["modes", "layouts"], ["devices", "boot"]]
    assert stages.module_runs(plan, differences.PARTS, True) == [list(differences.PARTS)]
    assert stages.module_runs(plan, ["modes"], False) == [["modes"], ["devices"]]
    assert stages.module_runs(plan, ["boot"], False) == [["boot"]]


def test_cards_that_do_not_depend_on_each_other_need_one(simulated):
    plan = resolve(DECLARATIONS["demo"]["profiles"], simulated("nics").facts())
    assert stages.module_runs(plan, differences.PARTS, False) == [list(differences.PARTS)]


def test_only_what_is_in_the_plan_is_a_stage(simulated):
    plan = resolve(DECLARATIONS["demo"]["profiles"], simulated("t4").facts())
    assert set(stages.stage_options(VARIABLES, plan, differences.PARTS)) == {"devices", "boot"}
    assert stages.stage_options(VARIABLES, resolve([], simulated("t4").facts()), differences.PARTS) == {}
    absent = {**VARIABLES, "boot_state": "absent"}
    assert set(stages.stage_options(absent, resolve([], simulated("t4").facts()), differences.PARTS)) == {"boot"}


@pytest.mark.parametrize("stage", TASKS)
def test_the_options_are_those_of_the_tasks_of_the_roles(stage):
    """Compare the names of the options, and the variables that set them."""
    role, number = TASKS[stage]
    task = yaml.safe_load((ROLES / role / "tasks/configure.yml").read_text(encoding="utf-8"))[number]
    (module,) = (name for name in task if name.startswith("vfio.devices."))
    options, register = task[module], task["register"]
    assert stages.REGISTERED[stage] == register
    plan = {name: [one] for name, one in (
        ("cards", {"name": T4}),
        ("functions", {"pf": T4, "mode": "pf"}),
        ("partitions", {"pf": T4}),
        ("instances", {"parent": T4, "type": ["x"]}),
        ("unwanted", {"parent": T4}),
    )}  # fmt: skip
    marked = {**VARIABLES, "vfio_accept_unseen": ["marked"], "boot_python": "/python"}
    made = stages.stage_options(marked, plan, differences.PARTS)[stage]
    # The defaults of the role set host_root of the module, which has another default.
    assert {*options, "host_root"} == made.keys() - ({"state", "exact", "placement"} - {*options})
    for name, text in options.items():
        if isinstance(text, str) and text.startswith("{{ ") and "vfio_plan" not in text and "omit" not in text:
            assert made[name] == marked[text.strip("{} ")]


@pytest.mark.parametrize(
    ("variables", "more"),
    [
        ({}, []),
        ({"nova_config_release": 34}, ["users"]),
        ({"cyborg_config_path": "/x"}, ["users"]),
        ({"placement_publish": "yes"}, ["users", "published_root"]),
        ({"vfio_profiles": [{"mig": {}}]}, ["mig"]),
        ({"vfio_profiles": [{"nova": {"groups": [{"remote_managed": True}]}}]}, ["serial_numbers"]),
    ],
)
def test_parts_of_the_facts(variables, more):
    known = {"cyborg_config_path": "", "vfio_profiles": [], **variables}
    assert stages.parts_of_facts(known)[5:] == more


def test_no_profiles_need_no_further_facts():
    """A play without the role vfio does not have its default."""
    assert stages.parts_of_facts({})[5:] == []


@pytest.mark.parametrize("profiles", [5, 1.5, None, True, "mig", {}, {"mig": 1}, [5], [None], [[]], ["mig"], [{}]])
def test_profiles_of_any_form_are_left_to_the_roles(profiles):
    assert stages.declares_mig(profiles) is False


def test_a_layout_of_mig_needs_its_answer():
    assert stages.declares_mig([{}, {"mig": False}])


@pytest.mark.parametrize(
    ("variables", "owners"),
    [
        ({}, ["nova", "cyborg"]),
        ({"nova_config_release": "2026.2", "cyborg_config_path": ""}, ["cyborg"]),
        ({"cyborg_config_path": "/etc/cyborg/cyborg.conf.d/a.conf"}, ["nova"]),
        ({"placement_cyborg_agent": "no"}, ["nova"]),
    ],
)
def test_owners_whose_settings_are_not_written(variables, owners):
    assert stages.unmanaged_owners(variables) == owners
