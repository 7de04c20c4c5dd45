# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the files that roles and playbooks write on hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._host import ownership
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import planned_files

ROOT = Path(__file__).resolve().parents[3]


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


CHECK, ELSEWHERE, FAIL = read("playbooks/tasks/files.yml")


def test_it_is_a_look_only():
    assert CHECK["check_mode"] is True and ELSEWHERE["check_mode"] is True
    # A difference would show what another program wrote.
    assert CHECK["diff"] is False and ELSEWHERE["diff"] is False
    assert CHECK["vfio.devices.managed_files"]["files"] == "{{ query('vfio.devices.planned_files') }}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_files_of_the_roles_are_checked_with_their_texts(service):
    role = service.role
    written, *_rest = read(f"roles/{role}/tasks/configure.yml")
    assert written["vfio.devices.managed_files"]["files"] == f"{{{{ query('vfio.devices.planned_files', '{role}') }}}}"
    assert planned_files.configuration_of(service).text in read(f"roles/{role}/vars/main.yml")


def test_what_the_boot_service_lacks_is_read_before_a_change():
    assert FAIL["when"][0] == "vfio_compared.boot_problems | default([]) | length > 0"


def test_what_the_role_iommu_writes_is_ours():
    for file in read("roles/iommu/vars/main.yml")["_iommu_files"].values():
        assert ownership.is_ours(file["content"].encode())


# These modules rename a file without waiting until its content is on the disk.
NOT_DURABLE = {f"ansible.builtin.{name}" for name in ("copy", "template", "replace", "lineinfile", "blockinfile")}


def tasks(entries):
    for entry in entries:
        yield entry
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from tasks(entry.get(part) or [])


@pytest.mark.parametrize("folder", ["roles", "playbooks"])
def test_files_of_hosts_are_on_the_disk_before_they_get_their_name(folder):
    found = 0
    for path in sorted((ROOT / folder).rglob("*.yml")):
        entries = read(path)
        for task in tasks([entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []):
            found += 1
            for name in NOT_DURABLE & task.keys():
                assert task[name].get("validate") == "sync %s", (path.name, task["name"])
    assert found > 10
