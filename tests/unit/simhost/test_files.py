# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the rules of all kernel files, of ordinary files, and of paths."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.simhost import Accessor, SimHost

from .conftest import Boot, Mount, MountedFiles, refusal

KIND = "sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("etc/" + "x" * 256, "ENAMETOOLONG"),
        ("dev/vfio/vfio", "EACCES"),
    ],
)
def test_reading(boot: Boot, path: str, expected: str | None) -> None:
    assert refusal(boot("mtty").files.read, path) == expected


def test_loop_of_links() -> None:
    host = SimHost("mtty")
    host.tree.link("etc/one", "etc/two")
    host.tree.link("etc/two", "etc/one")
    assert refusal(host.accessor().read, "etc/one") == "ELOOP"


def test_every_value_ends_with_a_newline(boot: Boot) -> None:
    host = boot("mixed")
    for address in host.files.list("sys/bus/pci/devices"):
        for name in ("vendor", "class", "numa_node", "driver_override", "modalias", "uevent"):
            host.text(f"sys/bus/pci/devices/{address}/{name}")


@pytest.fixture
def root(mount: Mount) -> Path:
    """Return the root directory of a mounted host."""
    files = mount.boot("mtty", {}).files
    assert isinstance(files, MountedFiles)
    return files.root


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda root: open(root / "sys/new", "w").close(), "EACCES"),
        (lambda root: open(root / KIND / "new", "w").close(), "EACCES"),
        (lambda root: open(root / "sys/missing/new", "w").close(), "ENOENT"),
        (lambda root: open(root / "proc/new", "w").close(), "EACCES"),
        (lambda root: (root / "sys/new").mkdir(), "EPERM"),
        (lambda root: (root / "sys/new").symlink_to("x"), "EPERM"),
        (lambda root: (root / KIND / "name").unlink(), "EPERM"),
        (lambda root: (root / KIND / "devices").rmdir(), "EPERM"),
        (lambda root: (root / KIND / "name").rename(root / KIND / "other"), "EPERM"),
        (lambda root: (root / KIND / "name").rename(root / "etc/name"), "EPERM"),
        (lambda root: os.truncate(root / KIND / "create", 0), None),
        (lambda root: open(root / KIND / "create", "w").close(), None),
        (lambda root: (root / "etc/mdevctl.d").rmdir(), None),
        (lambda root: (root / "etc").rmdir(), "ENOTEMPTY"),
    ],
)
def test_calls_beyond_the_accessor(root: Path, call: Callable[[Path], object], expected: str | None) -> None:
    assert refusal(call, root) == expected


def test_sizes_and_kinds(root: Path) -> None:
    assert (root / KIND / "create").stat().st_size == 4096
    assert stat.S_IMODE((root / KIND / "create").stat().st_mode) == 0o200
    assert stat.S_IMODE((root / KIND / "name").stat().st_mode) == 0o444
    assert stat.S_ISCHR((root / "dev/vfio/vfio").stat().st_mode)
    assert (root / "proc/cmdline").stat().st_size == 0
    assert (root / "etc/hostname").stat().st_size == len((root / "etc/hostname").read_bytes())


def test_ordinary_files_of_the_mount(root: Path) -> None:
    directory = root / "var/lib/vfio-devices"
    directory.mkdir()
    file = directory / "state.new"
    file.write_text("one\n")
    with file.open("a") as stream:
        stream.write("two\n")
    file.chmod(0o600)
    file.rename(directory / "state")
    assert (directory / "state").read_text() == "one\ntwo\n"
    assert stat.S_IMODE((directory / "state").stat().st_mode) == 0o600
    (directory / "state").write_text("x")
    assert (directory / "state").read_text() == "x"
    (directory / "link").symlink_to("state")
    assert (directory / "link").read_text() == "x"
    directory.rename(root / "var/lib/moved")
    assert sorted(os.listdir(root / "var/lib/moved")) == ["link", "state"]
    with open(root / "var/lib/moved/state", "r+b") as first, open(root / "var/lib/moved/state", "rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (root / "var/lib/moved/state").unlink()
        assert first.read() == b"x"


def test_ordinary_files_of_the_accessor() -> None:
    files: Accessor = SimHost("mtty").accessor()
    files.replace("etc/vfio-devices/new/state", b"one")
    assert files.read("etc/vfio-devices/new/state") == b"one"
    files.replace("etc/vfio-devices/new/state", b"two")
    assert files.list("etc/vfio-devices/new") == ["state"]
    files.write("etc/vfio-devices/new/state", b"three")
    assert files.read("etc/vfio-devices/new/state") == b"three"
    files.unlink("etc/vfio-devices/new/state")
    assert refusal(files.read, "etc/vfio-devices/new/state") == "ENOENT"
    assert refusal(files.replace, "sys/class/new", b"") == "EACCES"


def test_calls_are_counted() -> None:
    files = SimHost("mtty").accessor()
    files.read(f"{KIND}/name")
    files.read(f"{KIND}/name")
    files.list(KIND)
    assert (files.reads[f"{KIND}/name"], files.listings[KIND]) == (2, 1)


def test_many_entries_in_a_directory(mount: Mount) -> None:
    parent = {"types": "mdpy", "name": "card", "path": "sys/devices/virtual/card/card", "capacity": 2000}
    simulation = mount.boot({"parents": [parent]}, {})
    made = {f"00000000-0000-0000-0000-{number:012x}" for number in range(2000)}
    kind = simulation.host.mdev.parents["card"]
    for name in made:
        kind.create(kind.table.types[0], name)
    assert set(simulation.files.list("sys/bus/mdev/devices")) == made
