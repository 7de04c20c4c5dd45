# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a lost connection is found after each task on a host, and that each playbook begins without results."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.lost_connection import REGISTERED
from ansible_collections.vfio.devices.plugins.plugin_utils._site import summary

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
# These actions run on the controller.
LOCAL = {
    *(f"ansible.builtin.{name}" for name in ("assert", "debug", "fail", "include_role", "include_tasks", "set_fact")),
    *("ansible.builtin.import_role", "ansible.builtin.import_tasks", "ansible.builtin.meta"),
    *("vfio.devices.placement_inventory", "vfio.devices.show"),
}
# An unreachable host fails at once in its action plugin.
FAILS = {"vfio.devices.cards"}
# The playbooks with these files do not continue after an unreachable host.
OTHERS = ("roles/report", "playbooks/capture.yml", "playbooks/discover.yml", "playbooks/vars")


def tasks(entries):
    for entry in entries:
        yield entry
        for part in PARTS:
            yield from tasks(entry.get(part) or [])


def on_hosts():
    """Return the registered variable of each task on a host, by file and task."""
    folders = ("roles/*/tasks", "roles/*/handlers", "playbooks")
    for path in (path for folder in folders for path in ROOT.glob(f"{folder}/**/*.yml")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(OTHERS):
            for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
                if {key for key in task if key.count(".") == 2} - LOCAL - FAILS:
                    yield f"{name}: {task['name']}", task.get("register")


def test_each_task_on_a_host_registers_its_result():
    found = dict(on_hosts())
    assert [task for task, variable in found.items() if variable not in REGISTERED] == []
    assert set(REGISTERED) == set(found.values())


def test_each_playbook_resets_the_results_of_earlier_ones():
    """The comparison of each host replaces the former one."""
    (task,) = yaml.safe_load((ROOT / "playbooks/tasks/begin.yml").read_text(encoding="utf-8"))
    reset = task["ansible.builtin.set_fact"]
    assert {*REGISTERED, *summary.RESULTS, summary.BEGUN, summary.DRAINED} - {"vfio_compared"} <= set(reset)
    for name in ("site", "verify", "reprofile", "drain"):
        play, *_others = yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text(encoding="utf-8"))
        first = next(one for one in play["tasks"] if "ansible.builtin.meta" not in one)
        assert first == {"name": task["name"], "ansible.builtin.import_tasks": "tasks/begin.yml"}
