# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import re
from types import SimpleNamespace

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import job
from ansible_collections.vfio.devices.plugins.module_utils._boot.archive import build
from ansible_collections.vfio.devices.plugins.module_utils._boot.files import PROGRAM as PATH_OF_PROGRAM
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._run.managed_files import Requested
from ansible_collections.vfio.devices.plugins.module_utils._site.settings import is_boot_due, observe_settings

CHECKSUM = hashlib.sha256(build()).hexdigest()
TEXT = "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n\n[devices]\n"


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("installed", [True, False])
def test_the_boot_files_are_compared_as_the_module_does(simulated, present, installed):
    root = simulated("empty").root()
    if installed:
        job.converge(root, True, None, 60.0, False)
    changed = job.converge(root, present, None, 60.0, True)["changed"]
    assert is_boot_due(root, present, None, 60.0, CHECKSUM) == changed == (present != installed)


def test_another_program_or_timeout_is_due(simulated):
    root = simulated("empty").root()
    job.converge(root, True, None, 60.0, False)
    assert is_boot_due(root, True, None, 60.0, "0" * 64)
    assert is_boot_due(root, True, None, 61.0, CHECKSUM)
    assert is_boot_due(root, True, "/usr/bin/../bin/python3", 60.0, CHECKSUM)


def test_an_empty_program_is_due(simulated):
    root = simulated("empty").root()
    job.converge(root, True, None, 60.0, False)
    root.replace_file(PATH_OF_PROGRAM, b"")
    assert is_boot_due(root, True, None, 60.0, CHECKSUM)


@pytest.fixture
def settings(tmp_path):
    """Return a function that observes a settings file below a root."""

    def look(content=None, **access):
        path = tmp_path / "etc/nova.conf"
        path.parent.mkdir(exist_ok=True)
        if content is not None:
            path.write_text(content)
            path.chmod(0o644)
        given = {"owner": "", "group": "", "mode": "", **access}
        return observe_settings(str(tmp_path), Requested("/etc/nova.conf", None, "nova_config_path", "", **given))

    return look


def test_our_file_has_its_text(settings):
    assert settings()[:3] == ("", None, True)
    assert settings(TEXT)[:3] == (TEXT, None, True)
    assert settings(TEXT, mode="0644")[:3] == (TEXT, None, True)
    assert settings(TEXT, mode="0600")[:3] == (TEXT, "the access to /etc/nova.conf differs", True)


@pytest.mark.parametrize("content", [None, TEXT])
@pytest.mark.parametrize(
    ("fields", "words"),
    [({"f_flag": os.ST_RDONLY}, "EROFS .*read-write"), ({"f_bfree": 1}, "ENOSPC .*free")],
)
def test_a_file_that_cannot_be_written_has_an_obstacle(settings, monkeypatch, content, fields, words):
    assert settings(content).obstacle is None
    free = {"f_flag": 0, "f_bavail": 1, "f_bfree": 100, "f_frsize": 4096, "f_files": 0, **fields}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**free))
    found = settings(content)
    assert re.search(f"/etc/nova.conf cannot be replaced: {words}", found.obstacle)
    assert (found.text, found.reason) == (content or "", None)


def test_boot_files_that_cannot_be_written_are_refused_only_if_they_are_due(simulated, monkeypatch):
    root = simulated("empty").root()
    job.converge(root, True, None, 60.0, False)

    def fail(self, directory, size, write):
        raise HostError(f"{directory} is read-only", directory)

    monkeypatch.setattr(type(root), "try_room", fail)
    assert not is_boot_due(root, True, None, 60.0, CHECKSUM)
    with pytest.raises(Refused, match="the files of the boot service cannot be written: .* is read-only"):
        is_boot_due(root, True, None, 61.0, CHECKSUM)


def test_the_text_of_another_program_is_not_returned(settings):
    found = settings("password = secret\n")
    assert found[:3] == ("", "/etc/nova.conf was not written by this collection", False)


def test_an_ignored_file_of_another_program_is_no_reason(settings):
    assert settings("password = secret\n", ignore_others=True)[:3] == ("", None, False)


def test_what_is_no_file_is_a_reason_and_not_read(settings, tmp_path):
    settings()
    path = tmp_path / "etc/nova.conf"
    os.symlink("/nowhere", path)
    assert settings()[:3] == ("", "/etc/nova.conf is a symbolic link", False)
    path.unlink()
    os.mkfifo(path)
    assert settings()[:3] == ("", "/etc/nova.conf is a FIFO", False)
    path.unlink()
    settings(TEXT)
    os.truncate(path, 1 << 40)
    assert settings()[:3] == ("", "/etc/nova.conf was not written by this collection", False)


def test_what_cannot_be_compared_is_a_reason(settings):
    found = settings(TEXT, owner="nobody-here")
    assert found.text == ""
    assert "/etc/nova.conf cannot be compared" in found.reason
    assert not found.is_ours


def test_a_path_that_is_none_is_a_reason(tmp_path):
    file = Requested("/etc/a\0b", None, "nova_config_path", "", "", "", "")
    assert "cannot be compared" in observe_settings(str(tmp_path), file).reason
