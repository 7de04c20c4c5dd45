# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import stat

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import durable_files

CALLS = ("open", "mkdir", "write", "fsync", "fchmod", "rename", "unlink", "symlink")


@pytest.fixture
def calls(monkeypatch):
    """Record the calls that change something, in order, each with the name of the file or directory."""
    found = []
    names = {}

    def watch(name):
        original = getattr(os, name)

        def call(*args, **more):
            result = original(*args, **more)
            if name == "open":
                names[result] = os.path.basename(args[0])
            else:
                path = args[name in ("rename", "symlink")]
                found.append((name, names[path] if isinstance(path, int) else os.path.basename(path)))
            return result

        monkeypatch.setattr(os, name, call)

    for name in CALLS:
        watch(name)
    return found


# Only root can open a directory that it may not read.
@pytest.fixture(params=[0o000, 0o077, 0o277 if os.geteuid() else 0o777])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_file_and_directory_are_on_the_disk_before_and_after_the_rename(tmp_path, calls):
    durable_files.replace(str(tmp_path / "a"), b"1")
    new = f".a{durable_files.UNFINISHED}"
    assert calls == [("write", new), ("fchmod", new), ("fsync", new), ("rename", "a"), ("fsync", tmp_path.name)]
    calls.clear()
    durable_files.symlink(str(tmp_path / "a"), "b")
    assert calls == [("symlink", new), ("rename", "a"), ("fsync", tmp_path.name)]


def test_new_directories_are_on_the_disk_as_well(tmp_path, calls):
    durable_files.symlink(str(tmp_path / "etc/wants/a"), "b")
    assert calls == [
        ("mkdir", "etc"),
        ("fchmod", "etc"),
        ("fsync", tmp_path.name),
        ("mkdir", "wants"),
        ("fchmod", "wants"),
        ("fsync", "etc"),
        ("symlink", f".a{durable_files.UNFINISHED}"),
        ("rename", "a"),
        ("fsync", "wants"),
    ]


def test_what_is_removed_stays_removed(tmp_path, calls):
    (tmp_path / "a").touch()
    calls.clear()
    durable_files.unlink(str(tmp_path / "a"))
    assert calls == [("unlink", "a"), ("fsync", tmp_path.name)]


def test_modes_do_not_depend_on_the_umask(tmp_path, umask):
    durable_files.replace(str(tmp_path / "etc/list/a"), b"1")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"etc": 0o755, "list": 0o755, "a": 0o644}


def test_a_file_that_others_could_write_is_replaced_by_one_that_they_cannot(tmp_path):
    path = tmp_path / "a"
    path.touch()
    path.chmod(0o666)
    durable_files.replace(str(path), b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_at_the_place_of_the_unfinished_file_is_not_followed(tmp_path):
    (tmp_path / "other").write_bytes(b"keep")
    (tmp_path / f".a{durable_files.UNFINISHED}").symlink_to("other")
    durable_files.replace(str(tmp_path / "a"), b"1")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"other": b"keep", "a": b"1"}


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "rename"])
def test_after_a_failure_the_old_content_is_there_and_nothing_else(tmp_path, monkeypatch, call):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(*args, **more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        durable_files.replace(str(path), b"new")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"a": b"old"}


@pytest.mark.parametrize(("number", "told"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_file_system_without_fsync_of_directories_will_do(tmp_path, monkeypatch, number, told):
    original = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if told:
        with pytest.raises(OSError):
            durable_files.replace(str(tmp_path / "a"), b"1")
    else:
        durable_files.replace(str(tmp_path / "a"), b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_room_is_tried_without_a_trace(tmp_path):
    durable_files.try_to_write(str(tmp_path / "etc"), 5000)
    assert os.listdir(tmp_path / "etc") == []


def test_room_is_seen_without_a_write(tmp_path, monkeypatch):
    durable_files.look_for_room(str(tmp_path / "no/such/directory"), 1)
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError, match="No space left"):
        durable_files.look_for_room(str(tmp_path), 1 << 60)


@pytest.mark.parametrize(("user", "refused"), [(0, True), (1000, False)])
def test_an_immutable_directory_is_seen_without_a_write(tmp_path, monkeypatch, user, refused):
    """The directory above counts, in which a missing one would be created. Other users may only look."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(tmp_path))
    if not refused:
        durable_files.look_for_room(str(tmp_path / "nova/conf.d"), 1)
        return
    with pytest.raises(OSError) as failed:
        durable_files.look_for_room(str(tmp_path / "nova/conf.d"), 1)
    assert failed.value.errno == errno.EPERM


def test_what_only_root_may_see_is_no_reason_to_refuse_a_look(tmp_path, monkeypatch):
    original = os.statvfs

    def statvfs(path):
        if path != str(tmp_path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return original(path)

    monkeypatch.setattr(os, "statvfs", statvfs)
    durable_files.look_for_room(str(tmp_path / "run/vfio-devices/a"), 1)


@pytest.mark.parametrize(
    ("changes", "number"),
    [({"f_flag": os.ST_RDONLY}, errno.EROFS), ({"f_files": 10, "f_ffree": 0}, errno.ENOSPC), ({"f_files": 0}, None)],
)
def test_file_systems_that_are_read_only_or_have_no_inodes(tmp_path, monkeypatch, changes, number):
    fields = {"f_flag": 0, "f_bavail": 10, "f_bfree": 10, "f_frsize": 4096, "f_files": 10, "f_ffree": 10, **changes}
    monkeypatch.setattr(os, "statvfs", lambda path: type("Found", (), fields))
    if number is None:
        durable_files.look_for_room(str(tmp_path), 1)
        return
    with pytest.raises(OSError) as failed:
        durable_files.look_for_room(str(tmp_path), 1)
    assert failed.value.errno == number
