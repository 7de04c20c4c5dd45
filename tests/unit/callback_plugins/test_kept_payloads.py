# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that runs share payloads only while no file has changed that a payload may contain."""

from __future__ import annotations

import os

import pytest
from ansible import constants
from ansible_collections.vfio.devices.tests.callback_plugins import kept_payloads

MODULE = "plugins/modules/cards.py"
SHARED = "plugins/module_utils/_core/grammar.py"


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """Return the directory of the only collection of Ansible, with a module and a file that it may import."""
    directory = tmp_path / "ansible_collections/vfio/devices"
    for name in (MODULE, SHARED, "plugins/filter/resolve.py"):
        (directory / name).parent.mkdir(parents=True)
        (directory / name).write_text("a = 1\n")
    monkeypatch.setattr(constants, "COLLECTIONS_PATHS", [str(tmp_path)])
    return directory


@pytest.mark.parametrize("name", [MODULE, SHARED])
def test_the_name_changes_with_every_file_of_a_payload(collection, name):
    names = [kept_payloads.name_of_sources()]
    assert kept_payloads.name_of_sources() == names[0]
    file = collection / name
    file.write_text("a = 12\n")
    names.append(kept_payloads.name_of_sources())
    os.utime(file, ns=(0, 0))
    names.append(kept_payloads.name_of_sources())
    file.rename(file.with_name("other.py"))
    names.append(kept_payloads.name_of_sources())
    file.with_name("other.py").unlink()
    names.append(kept_payloads.name_of_sources())
    assert len(set(names)) == 5


def test_another_collection_has_its_own_payloads(collection, tmp_path):
    name = kept_payloads.name_of_sources()
    module = tmp_path / "ansible_collections/awx/awx/plugins/modules/project.py"
    module.parent.mkdir(parents=True)
    module.touch()
    assert kept_payloads.name_of_sources() != name


def test_runs_share_a_directory_if_they_are_told_one(collection, tmp_path, monkeypatch):
    for run in ("first", "second", "third"):
        (tmp_path / run).mkdir()
        monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path / run))
        if run == "third":
            monkeypatch.delenv("KEPT_PAYLOADS")
        else:
            monkeypatch.setenv("KEPT_PAYLOADS", str(tmp_path / "kept"))
        kept_payloads.CallbackModule().v2_playbook_on_start(None)
    (tmp_path / "first/ansiballz_cache/payload").touch()
    assert (tmp_path / "second/ansiballz_cache/payload").exists()
    assert not (tmp_path / "third/ansiballz_cache").exists()
