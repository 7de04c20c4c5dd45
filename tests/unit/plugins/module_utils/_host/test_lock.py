# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import lock
from ansible_collections.vfio.devices.plugins.module_utils._host.root import LOCK, HostError, HostRoot

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    (tmp_path / "sys").mkdir()
    return tmp_path / LOCK


def taken(path):
    """Return whether the lock is free; it is released again."""
    descriptor = lock.acquire(str(path))
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


@pytest.mark.parametrize("umask", [0o000, 0o077])
@pytest.mark.parametrize("before", [None, 0o777])
def test_nobody_else_may_open_it(path, umask, before):
    if before is not None:
        path.parent.mkdir(parents=True)
        path.touch()
        path.chmod(before)
        path.parent.chmod(before)
    old = os.umask(umask)
    try:
        assert taken(path)
    finally:
        os.umask(old)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent.parent, path.parent, path)] == [
        0o755 if before is None else stat.S_IMODE(path.parent.parent.stat().st_mode),
        0o700,
        0o600,
    ]


@ROOT_ONLY
def test_another_user_cannot_hold_it(path):
    assert taken(path)
    # The parent directories may also deny access to others.
    code = f"import fcntl, os; os.setuid({NOBODY}); fcntl.flock(open('vfio-devices/lock'), fcntl.LOCK_EX)"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=path.parents[1], capture_output=True, text=True, check=False)
    assert "PermissionError" in ended.stderr
    path.parent.chmod(0o755)
    path.chmod(0o644)
    assert subprocess.run(command, cwd=path.parents[1], check=False).returncode == 0


@pytest.mark.parametrize("what", ["file", "directory"])
def test_links_are_not_followed(path, tmp_path, what):
    victim = tmp_path / "victim"
    if what == "file":
        path.parent.mkdir(parents=True)
        victim.write_text("keep")
        victim.chmod(0o644)
        path.symlink_to(victim)
    else:
        path.parent.parent.mkdir(parents=True)
        victim.mkdir(0o755)
        path.parent.symlink_to(victim)
    before = victim.stat().st_mode
    with pytest.raises(HostError, match=f"cannot lock /{LOCK}: "):
        HostRoot(str(tmp_path), timeout=0.1).lock()
    assert victim.stat().st_mode == before
    assert what == "directory" or victim.read_text() == "keep"


def test_what_is_no_file_is_refused(path, tmp_path):
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(HostError, match=rf"cannot lock /{LOCK}: EPERM \(it belongs to user \d+, or is not a file\)"):
        HostRoot(str(tmp_path), timeout=0.1).lock()


@ROOT_ONLY
@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_belongs_to_another_user_is_refused(path, tmp_path, what):
    path.parent.mkdir(parents=True)
    path.touch()
    os.chown(path if what == "file" else path.parent, NOBODY, NOBODY)
    with pytest.raises(HostError, match=f"it belongs to user {NOBODY}"):
        HostRoot(str(tmp_path), timeout=0.1).lock()


def test_only_who_holds_it_now_is_named(path):
    descriptor = lock.acquire(str(path))
    opened = os.open(path, os.O_RDONLY)
    child = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    other = subprocess.Popen(["sleep", "61"], pass_fds=[opened])
    try:
        assert lock.holders(str(path)) == [
            f"pid {pid} ({words})"
            for pid, words in sorted([(os.getpid(), lock._command(str(os.getpid()))), (child.pid, "sleep 60")])
        ]
        os.close(descriptor)
        # The process that took the lock passed it on to another one.
        assert lock.holders(str(path)) == [f"pid {child.pid} (sleep 60)"]
    finally:
        for process in (child, other):
            process.kill()
            process.wait()
    assert lock.holders(str(path)) == []
    os.close(opened)


def test_many_holders_are_few_words(path):
    descriptor = lock.acquire(str(path))
    children = [subprocess.Popen(["sleep", "60"], pass_fds=[descriptor]) for dummy in range(4)]
    os.close(descriptor)
    try:
        *named, rest = lock.holders(str(path))
        assert (len(named), rest) == (3, "1 more")
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_commands_of_others_bring_no_control_characters(path):
    descriptor = lock.acquire(str(path))
    child = subprocess.Popen(["sh", "-c", "read line; :", "\x1b[31m\n" + "x" * 200], pass_fds=[descriptor], stdin=-1)
    os.close(descriptor)
    try:
        (holder,) = lock.holders(str(path))
        assert holder.startswith(f"pid {child.pid} (sh -c read line; : ?[31m?x")
        assert holder.isprintable()
        assert len(holder) < 160
    finally:
        child.kill()
        child.communicate()


def test_a_holder_that_nobody_sees_is_no_reason_to_invent_one(path, tmp_path, monkeypatch):
    assert taken(path)
    with open(path, encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(lock, "PROCESSES", str(tmp_path / "sys"))
        with pytest.raises(HostError) as refused:
            HostRoot(str(tmp_path), timeout=0.1).lock()
    assert "and no visible process has the lock. Run the play on the host itself, and not in a container" in str(
        refused.value
    )


def test_a_holder_that_ends_while_it_is_looked_for(path, tmp_path, monkeypatch):
    assert taken(path)
    with open(path, encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def end(dummy):
            fcntl.flock(held, fcntl.LOCK_UN)
            return []

        monkeypatch.setattr(lock, "holders", end)
        HostRoot(str(tmp_path), timeout=0.1).lock()
