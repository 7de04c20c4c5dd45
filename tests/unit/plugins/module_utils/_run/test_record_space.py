# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run import record_space


@pytest.fixture
def asked(monkeypatch):
    """Record the checks of free space: map each directory to the bytes."""
    found = {}
    monkeypatch.setattr(HostRoot, "try_room", lambda self, directory, size, write: found.update({directory: size}))
    return found


def test_each_directory_is_tried_and_the_first_of_a_file_system_for_all(simulated, asked):
    files = [
        ("etc/mdevctl.d/a/1", "x" * 5000),
        ("etc/mdevctl.d/b/2", "x"),
        ("etc/mdevctl.d/b/3", None),
        ("run/a/b", "x"),
    ]
    record_space.check(simulated("empty").root(), files, True)
    assert asked == {"etc/mdevctl.d/a": 4 * 4096, "etc/mdevctl.d/b": 0, "run/a": 4096}


def test_nothing_to_write_needs_no_room(simulated, asked):
    record_space.check(simulated("empty").root(), [], True)
    assert asked == {}


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(("number", "remedy"), [(errno.ENOSPC, "is full"), (errno.EROFS, "is read-only")])
def test_all_that_cannot_be_written_is_told_at_once(simulated, write, number, remedy):
    host = simulated("empty")
    for directory in ("etc/*", "run/*"):
        host.kernel.faults.fail(directory, number, operations=("write",))
    with pytest.raises(Refused) as refused:
        record_space.check(host.root(), [("etc/mdevctl.d/b/1", "x"), ("run/vfio-devices/changing/d", None)], write)
    assert len(refused.value.problems) == 2
    assert f"cannot write to /etc/mdevctl.d/b: {errno.errorcode[number]} " in refused.value.problems[0]
    assert f"Its file system {remedy}" in refused.value.problems[0]


@pytest.mark.parametrize("write", [True, False])
def test_a_real_directory(tmp_path, write):
    (tmp_path / "sys").mkdir()
    record_space.check(HostRoot(str(tmp_path)), [("etc/mdevctl.d/mtty/b", "x")], write)
    assert (tmp_path / "etc/mdevctl.d/mtty").is_dir() is write
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with pytest.raises(Refused, match="ENOTDIR"):
        (tmp_path / "run").touch()
        record_space.check(HostRoot(str(tmp_path)), [("run/vfio-devices/changing/b", "x")], True)
    assert os.listdir(tmp_path / "sys") == []
