# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test power cuts on real file systems: the file behind a loop device is the content of the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import job
from ansible_collections.vfio.devices.plugins.module_utils._host import durable_files
from ansible_collections.vfio.devices.plugins.module_utils._host.files import OperatingSystemFiles

# Maps each file system to its size in MiB, its mkfs command, and the options to mount a copy next to it.
FILE_SYSTEMS = {
    "ext4": (16, ["mkfs.ext4", "-q"], "loop"),
    "xfs": (300, ["mkfs.xfs", "-q"], "loop,nouuid"),
}
REAL = ("etc/", "usr/")
MODES = [{"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2"}, {"pf": "0000:31:00.0", "mode": "pf"}]
DEVICES = [{"type": kind, "parent": "mtty", "count": "3"} for kind in ("mtty-1", "mtty-2")]


class Files:
    """Devices of a simulated host, and ordinary files on a real file system."""

    def __init__(self, simulated, root, after):
        self.simulated, self.real, self.after = simulated, OperatingSystemFiles(str(root)), after

    def __getattr__(self, name):
        def call(path, *args):
            files = self.real if f"{path}/".startswith(REAL) else self.simulated
            result = getattr(files, name)(path, *args)
            if name in ("replace", "symlink", "unlink") and files is self.real:
                self.after(f"{name} {path}")
            return result

        return getattr(self.simulated, name) if name in ("attempt", "now", "pause", "locked") else call

    def in_time(self, timeout, method, *arguments):
        return self.simulated.attempt(lambda: getattr(self, method)(*arguments), timeout)

    def each_in_time(self, timeout, limit, method, paths):
        files = self.real if f"{paths[0]}/".startswith(REAL) else self.simulated
        return files.each_in_time(timeout, limit, method, paths)


class Disk:
    """A file system in a file."""

    def __init__(self, directory, kind):
        self.directory, self.kind = directory, kind
        self.image, self.mounted = directory / "disk", directory / "mounted"
        size, command, self.options = FILE_SYSTEMS[kind]
        self.mounted.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(size << 20)
        subprocess.run([*command, self.image], check=True, capture_output=True)

    @contextmanager
    def mount(self, image, place, options="loop"):
        ended = subprocess.run(["mount", "-o", options, image, place], capture_output=True, text=True, check=False)
        if ended.returncode:
            pytest.skip(f"this machine cannot mount a file as {self.kind}: {ended.stderr.strip()}")
        try:
            yield place
        finally:
            subprocess.run(["umount", place], check=True)

    def after_a_cut(self):
        """Return all files as they would be after a power failure now."""
        copy, place = self.directory / "copy", self.directory / "after"
        before = None
        # The kernel may write to the disk meanwhile, and such a copy is of no single instant.
        while before != self.image.stat().st_mtime_ns:
            before = self.image.stat().st_mtime_ns
            subprocess.run(["cp", "--sparse=always", self.image, copy], check=True)
        place.mkdir(exist_ok=True)
        with self.mount(copy, place, self.options):
            return contents(place)


def contents(root):
    """Map each path to the bytes of the file or the target of the link, without unfinished files."""
    return {
        str(path.relative_to(root)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in root.rglob("*")
        if (path.is_symlink() or path.is_file()) and not path.name.endswith(durable_files.UNFINISHED)
    }


@pytest.fixture(params=sorted(FILE_SYSTEMS))
def disk(request, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file")
    program = FILE_SYSTEMS[request.param][1][0]
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")
    disk = Disk(tmp_path, request.param)
    with disk.mount(disk.image, disk.mounted):
        yield disk


def runs(switch, disk, after):
    """Run everything that writes files: first installation, changes and removal."""
    for profile, wanted in (("mtty", DEVICES), ("nics", MODES)):
        run = switch(profile)
        host = run.host
        put(disk.mounted / "etc/machine-id", host.files.read("etc/machine-id"))
        put(disk.mounted / "usr/bin/python3", b"#!")
        (disk.mounted / "usr/bin/python3").chmod(0o755)
        host.files = Files(host.files, disk.mounted, after)
        for one in wanted:
            assert (host.converge(one, exact=True) if profile == "mtty" else run(one))["changed"]
        for present, timeout in ((True, 60.0), (True, 90.0), (False, 90.0)):
            assert job.converge(host.root(), present, None, timeout, False)["changed"]
        if profile == "mtty":
            host.converge({"parent": "mtty"}, state="absent")
        else:
            run(wanted[0], persist=False)


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    subprocess.run(["sync", "-f", path], check=True)


def test_after_each_write_a_cut_loses_nothing(switch, disk):
    seen = []

    def cut(what):
        found, live = disk.after_a_cut(), contents(disk.mounted)
        assert found == live, what
        assert all(found.values()), what
        seen.append(what)

    runs(switch, disk, cut)
    places = ("mdevctl.d/mtty/", "mdev_instance/mtty.json", "sriov_pf_mode/", "rules.d/", ".pyz", ".service")
    for call in ("replace", "unlink"):
        assert all(any(what.startswith(call) and place in what for what in seen) for place in places), call


def test_without_fsync_a_cut_does_lose_something(switch, disk, monkeypatch):
    """The previous test detects what it looks for."""
    lost = []
    monkeypatch.setattr(durable_files.os, "fsync", lambda descriptor: None)
    runs(switch, disk, lambda what: lost or lost.append(disk.after_a_cut() != contents(disk.mounted)))
    assert lost == [True]


def test_a_full_or_read_only_disk_is_found_before_the_first_write(disk):
    files = OperatingSystemFiles(str(disk.mounted))
    files.replace("etc/a/b", b"old")
    files.try_room("etc/a", 4096, True)
    files.try_room("etc/a", 4096, False)
    with open(disk.mounted / "rest", "wb", buffering=0) as rest:
        # Space that is reserved for a file becomes free when its blocks are allocated.
        for size in (1 << 20, 4096, 4096):
            with pytest.raises(OSError, match="No space left"):
                while True:
                    rest.write(bytes(size))
            os.fsync(rest.fileno())
    for write in (True, False):
        with pytest.raises(OSError, match="No space left"):
            files.try_room("etc/a", 1 << 20, write)
    (disk.mounted / "rest").unlink()
    files.try_room("etc/a", 4096, True)
    subprocess.run(["mount", "-o", "remount,ro", disk.mounted], check=True)
    for write in (True, False):
        with pytest.raises(OSError, match="Read-only file system"):
            files.try_room("etc/a", 0, write)
    assert contents(disk.mounted) == {"etc/a/b": b"old"}
