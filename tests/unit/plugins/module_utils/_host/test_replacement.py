# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import stat

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import durable_files, replacement

ME, MINE = os.geteuid(), os.getegid()


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_directories_have_the_modes_that_are_asked_for(tmp_path, umask):
    file = tmp_path / "a/b/file"
    replacement.write_file(str(file), b"text", 0o640, ME, MINE)
    assert replacement.read(str(file)) == b"text"
    assert mode_of(file) == 0o640
    assert [mode_of(above) for above in (tmp_path / "a", tmp_path / "a/b")] == [0o755] * 2
    assert os.listdir(file.parent) == ["file"]


def test_the_name_changes_to_another_file_at_once(tmp_path):
    file = tmp_path / "file"
    file.write_text("old")
    with file.open() as reader:
        replacement.write_file(str(file), b"new", 0o600, ME, MINE)
        assert reader.read() == "old"
    assert file.read_text() == "new"


@pytest.mark.parametrize("call", ["chown", "chmod", "fsync", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    file = tmp_path / "file"
    file.write_text("old")

    def fail(*arguments, **options):
        raise OSError(errno.EROFS, "injected")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="injected"):
        # Only root can really change the owner.
        replacement.write_file(str(file), b"new", 0o640, ME + 1 if call == "chown" else ME, MINE)
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_run_left_is_no_obstacle_and_no_trap(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".file{durable_files.UNFINISHED}").symlink_to(victim)
    replacement.write_file(str(tmp_path / "file"), b"new", 0o644, ME, MINE)
    assert victim.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["file", "victim"]


def test_the_longest_name_can_be_written(tmp_path):
    file = tmp_path / ("n" * 255)
    replacement.write_file(str(file), b"text", 0o644, ME, MINE)
    assert file.read_text() == "text"


def test_owner_and_mode_are_set_in_an_order_that_keeps_both(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "chown", lambda file, uid, gid: calls.append((uid, gid)))
    chmod = os.chmod
    monkeypatch.setattr(os, "chmod", lambda file, mode: (calls.append(mode), chmod(file, mode)))
    replacement.write_file(str(tmp_path / "file"), b"", 0o640, ME + 1, MINE + 1)
    assert calls == [(ME + 1, MINE + 1), 0o640]
    replacement.set_access(str(tmp_path / "file"), 0o600, ME, MINE)
    assert calls[2:] == [0o600]


def test_extended_attributes_stay(tmp_path):
    file = tmp_path / "file"
    file.write_text("old")
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError as error:
        # A file system without extended attributes cannot lose any.
        assert error.errno == errno.ENOTSUP
        return
    replacement.write_file(str(file), b"new", 0o644, ME, MINE)
    assert os.getxattr(file, "user.note") == b"kept"


def test_a_link_is_not_read(tmp_path):
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="link"):
        replacement.read(str(tmp_path / "link"))


def test_what_stands_where_a_directory_is_needed(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("/nothing/there")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "dangling"):
        assert replacement.blocking_parent(f"{tmp_path}/{name}/a/b") == f"{tmp_path}/{name}"
    for path in ("a/b", "a", "link/a"):
        assert replacement.blocking_parent(f"{tmp_path}/{path}") is None


@pytest.mark.parametrize(("find", "own"), [(replacement.user_id, ME), (replacement.group_id, MINE)])
def test_users_and_groups(find, own):
    assert find("") == own
    assert find("root") == find("0") == 0
    assert find("4242") == 4242
    for unknown in ("no such name", "４", "-1", str(2**32 - 1), str(10**30), "a\0b"):
        with pytest.raises((KeyError, ValueError)):
            find(unknown)


@pytest.mark.parametrize(
    ("path", "is_root"), [("/", True), ("/etc/hostname", False), (".", False), ("/nothing", False)]
)
def test_roots(path, is_root):
    assert replacement.is_root(path) is is_root


def test_only_root_gives_files_away(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert replacement.may_keep(1000)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert replacement.may_keep(1000)
    assert not replacement.may_keep(0)
