# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that tasks between roles read all facts that the roles need, because they replace the former facts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# Their plays have no other roles, and the role report has its own plan.
OTHERS = ("roles/report/", "playbooks/discover.yml")
READING = "vfio.devices.mdev_facts"


def reading(value):
    """Yield the options of each task that reads facts."""
    if isinstance(value, dict):
        yield from ([value[READING] or {}] if READING in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from reading(one)


FILES = {str(path.relative_to(ROOT)): path for name in ("roles", "playbooks") for path in (ROOT / name).rglob("*.yml")}
FOUND = [
    (name, options)
    for name, path in sorted(FILES.items())
    if not name.startswith(OTHERS)
    for options in reading(yaml.safe_load(path.read_text(encoding="utf-8")))
]


def test_the_tasks_are_found():
    assert {"roles/vfio/tasks/observe.yml", "playbooks/tasks/wait.yml"} < {name for name, _options in FOUND}


@pytest.mark.parametrize(("name", "options"), FOUND, ids=[name for name, _options in FOUND])
def test_they_have_all_parts(name, options):
    assert "query('vfio.devices.needed_facts')" in str(options.get("gather")), name
