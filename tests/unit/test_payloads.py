# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check which files Ansible sends with each module. It packs every import, including those inside functions."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
ENGINE = "ansible_collections.vfio.devices.plugins.module_utils."
BASE = {"_core", "_host", "_run"}
ON_HOSTS = BASE | {"_model", "_devices", "_frameworks", "_guards"}
ALL = ON_HOSTS | {"_modes", "_mig", "_instances", "_boot"}
# The packages that each module needs.
PACKAGES = {
    "boot_restore": ALL,
    "cards": ALL | {"_services", "_site"},
    "cards_apply": ALL | {"_services", "_site"},
    "host_recording": ON_HOSTS | {"_modes", "_instances", "_capture"},
    "managed_files": BASE | {"_services", "_site"},
    "mdev_facts": ON_HOSTS,
    "mdev_instance": ON_HOSTS | {"_instances"},
    "mig_layout": ON_HOSTS | {"_mig"},
    "placement_inventory": {"_core", "_placement", "_run"},
    "placement_inventory_info": {"_core", "_placement", "_run"},
    "service_settings_info": BASE | {"_services"},
    "show": set(),
    "sriov_pf_mode": ON_HOSTS | {"_modes"},
}
# In kB: the files of the engine without compression. Lower a number after a cut. If a change needs more, first check
# whether each new import is needed on hosts.
LIMITS = {
    "boot_restore": 830,
    "cards": 800,
    "cards_apply": 930,
    "host_recording": 670,
    "managed_files": 180,
    "mdev_facts": 440,
    "mdev_instance": 530,
    "mig_layout": 520,
    "placement_inventory": 190,
    "placement_inventory_info": 120,
    "service_settings_info": 190,
    "show": 0,
    "sriov_pf_mode": 630,
}
# The most by which a number may exceed the size.
SLACK = 0.2


def path_of(file: str) -> Path:
    return PLUGINS / ("modules" if "/" not in file else "module_utils") / f"{file}.py"


@cache
def imported(file: str) -> frozenset[str]:
    """Return the files of the engine that a file imports; ``file`` is a module or ``package/file``."""
    package = file.partition("/")[0]
    found = set()
    for node in ast.walk(ast.parse(path_of(file).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        name = node.module or ""
        if node.level:
            parts = [package] if node.level == 1 else []
        elif f"{name}.".startswith(ENGINE):
            parts, name = [], name[len(ENGINE) :]
        else:
            continue
        parts += name.split(".") if name else []
        found.update("/".join(parts) if len(parts) == 2 else f"{parts[0]}/{alias.name}" for alias in node.names)
    return frozenset(found)


def payload(module: str) -> set[str]:
    """Return the files of the engine that Ansible sends with a module."""
    found: set[str] = set()
    waiting = set(imported(module))
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= imported(file) - found
    return found


def test_every_module_is_listed():
    modules = {path.stem for path in (PLUGINS / "modules").glob("*.py")}
    assert modules == set(PACKAGES) == set(LIMITS)


@pytest.mark.parametrize("module", PACKAGES)
def test_a_module_is_sent_with_the_packages_that_it_needs(module):
    assert {file.partition("/")[0] for file in payload(module)} == PACKAGES[module]


@pytest.mark.parametrize("module", ["host_recording", "mdev_facts", "placement_inventory_info"])
def test_a_module_that_only_reads_is_sent_without_plans(module):
    assert not {file for file in payload(module) if file.rpartition("/")[2] in ("apply", "job", "plan")}


@pytest.mark.parametrize("module", LIMITS)
def test_a_module_does_not_grow_unnoticed(module):
    size = sum(path_of(file).stat().st_size for file in payload(module)) / 1000
    assert size <= LIMITS[module]
    assert size >= LIMITS[module] * (1 - SLACK), "lower the number"
