# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.durable_files import UNFINISHED
from ansible_collections.vfio.devices.plugins.module_utils._host.files import OperatingSystemFiles
from ansible_collections.vfio.devices.plugins.module_utils._host.root import LOCK, HostError, HostRoot


@pytest.fixture
def files(tmp_path):
    (tmp_path / "sys").mkdir()
    return OperatingSystemFiles(str(tmp_path))


def test_replace_makes_directories_and_leaves_nothing_else(files, tmp_path):
    files.replace("etc/a/b", b"1")
    files.replace("etc/a/b", b"2")
    assert (tmp_path / "etc/a/b").read_bytes() == b"2"
    assert os.listdir(tmp_path / "etc/a") == ["b"]


def test_unfinished_files_are_removed(files, tmp_path):
    directory = "etc/mdevctl.d/mtty"
    files.replace(f"{directory}/b", b"1")
    (tmp_path / directory / f".b{UNFINISHED}").touch()
    HostRoot(str(tmp_path)).remove_unfinished(directory)
    assert os.listdir(tmp_path / directory) == ["b"]


OTHER_RUN = """
import sys
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
HostRoot(sys.argv[1]).lock()
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other_run(tmp_path, files):
    """Start another process that holds the lock of the host until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_RUN, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_the_second_run_waits_and_says_for_whom(other_run, tmp_path):
    with pytest.raises(HostError) as refused:
        HostRoot(str(tmp_path), timeout=0.2).lock()
    assert f"/{LOCK} was not released within 0.2 s: another run on this host has the lock" in str(refused.value)
    assert f", pid {other_run.pid} ({sys.executable} -c " in str(refused.value)
    other_run.stdin.close()
    HostRoot(str(tmp_path), timeout=30).lock()


KEEPING = """
import sys
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
host = HostRoot(sys.argv[1], timeout=0.2)
host.lock()
try:
    host.run("sriov-manage", [], keep=True)
except HostError as error:
    print(error.pending)
"""


def test_a_program_that_is_left_at_work_keeps_others_away(files, tmp_path):
    program = tmp_path / "usr/bin/sriov-manage"
    program.parent.mkdir(parents=True)
    os.mkfifo(tmp_path / "end")
    program.write_text(f"#!/bin/sh\nread line <{tmp_path}/end\n")
    program.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KEEPING, str(tmp_path)]
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == b"True\n"
    with pytest.raises(HostError, match=r"has the lock, pid \d+ \(/bin/sh .*/usr/bin/sriov-manage\)"):
        HostRoot(str(tmp_path), timeout=0.2).lock()
    (tmp_path / "end").write_text("now\n")
    HostRoot(str(tmp_path), timeout=30).lock()


def test_a_killed_run_has_nothing_locked(other_run, tmp_path):
    other_run.kill()
    other_run.wait()
    HostRoot(str(tmp_path), timeout=1).lock()


def test_a_place_where_no_lock_can_be_made_is_told(tmp_path, files):
    (tmp_path / "run").touch()
    with pytest.raises(HostError, match="cannot lock /run/vfio-devices/lock: ENOTDIR "):
        HostRoot(str(tmp_path)).lock()


def test_symlink_is_made_and_replaced_at_once(files, tmp_path):
    files.symlink("etc/wants/a", "/etc/b")
    (tmp_path / f"etc/wants/.a{UNFINISHED}").symlink_to("left over")
    files.symlink("etc/wants/a", "/etc/c")
    assert os.readlink(tmp_path / "etc/wants/a") == "/etc/c"
    assert os.listdir(tmp_path / "etc/wants") == ["a"]


def test_a_run_has_its_own_lock_already(files, tmp_path):
    host = HostRoot(str(tmp_path), timeout=0.1)
    host.lock()
    host.lock()
    with pytest.raises(HostError, match=rf"has the lock, pid {os.getpid()} \("):
        HostRoot(str(tmp_path), timeout=0.1).lock()


def test_a_directory_that_was_removed_in_between_is_made_again(tmp_path):
    files = OperatingSystemFiles(str(tmp_path))
    for name in ("a", "b"):
        files.replace(f"etc/list/{name}", name.encode())
    shutil.rmtree(tmp_path / "etc")
    files.replace("etc/list/c", b"c")
    files.symlink("etc/other/link", "c")
    assert {path.name for path in (tmp_path / "etc").rglob("*")} == {"list", "c", "other", "link"}
    assert (tmp_path / "etc/list/c").read_bytes() == b"c"


def test_a_directory_that_was_made_anew_in_between_is_found(tmp_path):
    files = OperatingSystemFiles(str(tmp_path))
    for text in ("old", "new"):
        (tmp_path / "sys/card").mkdir(parents=True)
        (tmp_path / "sys/card/attribute").touch()
        (tmp_path / "sys/card/link").symlink_to(text)
        files.write("sys/card/attribute", text.encode())
        assert (tmp_path / "sys/card/attribute").read_text() == text
        assert files.link_below("sys/card", "link") == text
        shutil.rmtree(tmp_path / "sys")
    for action in (lambda: files.write("sys/card/attribute", b""), lambda: files.link_below("sys/card", "link")):
        with pytest.raises(FileNotFoundError):
            action()


def test_a_child_opens_directories_itself(tmp_path):
    files = OperatingSystemFiles(str(tmp_path))
    files.replace("sys/attribute", b"old")
    for text in (b"new", b"own"):
        files.in_time(10, "write", "sys/attribute", text)
        assert (tmp_path / "sys/attribute").read_bytes() == text
        files.replace("sys/other", text)


@pytest.mark.parametrize("path", ["a\0b", "sys/\ud800", "sys/a\udfff/b"])
@pytest.mark.parametrize("method", ["exists", "link", "link_name", "links", "names", "read", "read_bytes", "read_line"])
def test_a_path_that_no_file_can_have_is_missing(simulated, tmp_path, path, method):
    """Such names come from files of the host, for example JSON of a container engine."""
    (tmp_path / "sys").mkdir()
    for host in (simulated("t4").root(), HostRoot(str(tmp_path))):
        given = (path, True) if method in ("read", "read_line") else (path,)
        assert not getattr(host, method)(*given)
