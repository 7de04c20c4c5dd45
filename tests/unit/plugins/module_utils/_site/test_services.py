# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that each service has a cloud, a role and tasks in the playbooks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER

ROOT = Path(__file__).resolve().parents[5]
each = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@each
def test_its_cards_have_an_owner(service):
    assert service.name in BY_OWNER


@each
def test_the_plays_have_the_defaults_of_its_role(service):
    defaults = ROOT / "roles" / service.role / "defaults/main.yml"
    assert (ROOT / f"roles/vfio/defaults/main/{service.role}.yml").resolve() == defaults.resolve()
    common = ("path", "owner", "group", "mode", "restart", "service", "check_service")
    assert {f"{service.role}_{name}" for name in common} <= set(yaml.safe_load(defaults.read_text(encoding="utf-8")))


def options_of_roles(tasks):
    """Yield the options of each task that runs a role."""
    for task in tasks:
        yield from (options for name, options in task.items() if name.endswith(("import_role", "include_role")))
        for part in ("block", "rescue", "always"):
            yield from options_of_roles(task.get(part, []))


@each
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("validate.yml", {"preflight.yml"}),
        ("apply_with_roles.yml", {"main.yml"}),
        ("configure.yml", {"main.yml", "configure.yml"}),
        ("list_differences.yml", {"main.yml"}),
    ],
)
def test_the_playbooks_run_the_tasks_of_its_role(service, file, names):
    tasks = yaml.safe_load((ROOT / "playbooks/tasks" / file).read_text(encoding="utf-8"))
    run = [options for options in options_of_roles(tasks) if options["name"] == f"vfio.devices.{service.role}"]
    assert {options.get("tasks_from", "main.yml") for options in run} == names
