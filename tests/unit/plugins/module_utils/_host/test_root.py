# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot, OperatingSystemFiles


class ScriptedFiles(OperatingSystemFiles):
    """Real files, of which some fail as they are told; nothing runs in a child, and time passes by pausing."""

    def __init__(self, root):
        super().__init__(root)
        self.failures = {}
        self.time = 0.0
        self.pauses = []

    def read(self, path):
        if path in self.failures:
            raise self.failures[path]
        return super().read(path)

    def write(self, path, data):
        if path in self.failures:
            raise self.failures[path]
        super().write(path, data)

    def in_time(self, timeout, method, *arguments):
        return getattr(self, method)(*arguments)

    def now(self):
        return self.time

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.time += seconds


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "sys").mkdir()
    return tmp_path / "sys"


@pytest.fixture
def files(tree):
    return ScriptedFiles(str(tree.parent))


@pytest.fixture
def host(files):
    return HostRoot("/simulated", files=files)


@pytest.mark.parametrize("root", ["/nowhere/at/all", os.devnull])
def test_a_root_that_is_none_is_refused(root):
    with pytest.raises(HostError, match=f"^{root} is not the root of a host: it has no directory sys$"):
        HostRoot(root)


def test_read_strips_the_end_only(host, tree):
    (tree / "name").write_text("  a b\n\n")
    assert host.read("sys/name") == "  a b"
    assert host.warnings == []


def test_missing_file_is_told_unless_optional(host):
    assert host.read("sys/name", optional=True) is None
    assert host.warnings == []
    assert host.read("sys/name") is None
    assert host.warnings == ["cannot read sys/name: ENOENT (No such file or directory)"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.EINVAL])
def test_an_error_is_told_even_if_optional(host, files, number):
    files.failures["sys/name"] = OSError(number, "")
    assert host.read("sys/name", optional=True) is None
    assert host.warnings == [f"cannot read sys/name: {errno.errorcode[number]} ({os.strerror(number)})"]


def test_what_permissions_forbid_is_one_sentence(host, files):
    for name in ("sys/a", "sys/b", "sys/c"):
        files.failures[name] = PermissionError(errno.EACCES, "")
        assert host.read(name) is None
    (sentence,) = host.warnings
    assert sentence.startswith("cannot read sys/a and 2 more: EACCES; ")


def test_bytes_that_are_no_text(host, tree):
    (tree / "name").write_bytes(b"\xff\xfe\n")
    assert host.read("sys/name") is None
    assert host.warnings == ["sys/name is not UTF-8 text"]


@pytest.mark.parametrize(("text", "number"), [("12\n", 12), ("-1\n", -1), ("", None), ("x\n", None), ("1 2", None)])
def test_numbers(host, tree, text, number):
    (tree / "numa_node").write_text(text)
    assert host.read_number("sys/numa_node") == number
    assert len(host.warnings) == (number is None)


def test_fifo_and_endless_file_do_not_hang(host, tree):
    os.mkfifo(tree / "fifo")
    (tree.parent / "zero").symlink_to("/dev/zero")
    assert host.read("sys/fifo") == ""
    assert len(host.read("zero")) == OperatingSystemFiles.LIMIT


def test_a_long_file_outside_sysfs_is_read_whole(host, tree):
    (tree.parent / "definition").write_text("x" * 200_000)
    assert len(host.read("definition")) == 200_000


def test_names_are_sorted_and_text(host, tree):
    for name in (b"b", b"a", b"\xff"):
        os.close(os.open(os.fsencode(tree) + b"/" + name, os.O_CREAT))
    assert host.names("sys") == ["a", "b"]
    assert host.warnings == ["sys has a name that is not UTF-8 text: b'\\xff'"]


def test_links(host, tree):
    (tree / "driver").symlink_to("../../../bus/pci/drivers/vfio-pci")
    (tree / "file").touch()
    assert host.link_name("sys/driver") == "vfio-pci"
    assert host.link("sys/none") is None
    assert host.link("sys/file") is None
    assert host.warnings == []


def test_loop_of_links_is_told(host, tree):
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    assert host.names("sys/a") == []
    assert host.warnings == ["cannot read sys/a: ELOOP (Too many levels of symbolic links)"]


def test_write_is_one_write_without_creating(host, tree):
    (tree / "create").write_text("0123456789")
    host.write("sys/create", "abc")
    assert (tree / "create").read_text() == "abc3456789"
    with pytest.raises(
        HostError, match=r"^cannot write '1' to sys/none: ENOENT \(No such file or directory\)$"
    ) as caught:
        host.write("sys/none", "1")
    assert (caught.value.path, caught.value.value, caught.value.errno) == ("sys/none", "1", "ENOENT")
    assert not caught.value.pending


def test_a_driver_that_answers_etimedout_has_answered(host, files):
    files.failures["sys/create"] = OSError(errno.ETIMEDOUT, "")
    with pytest.raises(HostError) as caught:
        host.write("sys/create", "1")
    assert caught.value.errno == "ETIMEDOUT"
    assert not caught.value.pending


def test_a_write_that_blocks_ends_at_its_deadline(tree):
    os.mkfifo(tree / "remove")
    host = HostRoot(str(tree.parent))
    begin = time.monotonic()
    # Without O_NONBLOCK, opening a FIFO for writing waits for a reader.
    with pytest.raises(HostError, match="writing '1' to sys/remove has not returned within 0.2 s") as caught:
        host.write("sys/remove", "1", timeout=0.2)
    assert caught.value.pending
    assert time.monotonic() - begin < 10


def test_after_a_write_that_blocks_the_others_go_on(tree):
    os.mkfifo(tree / "remove")
    (tree / "create").touch()
    host = HostRoot(str(tree.parent), timeout=0.2)
    for value in ("a", "b"):
        host.write("sys/create", value)
        assert (tree / "create").read_text() == value
        with pytest.raises(HostError) as caught:
            host.write("sys/remove", "1")
        assert caught.value.pending
        with pytest.raises(HostError, match="ENOENT") as caught:
            host.write("sys/none", "1")
        assert not caught.value.pending


def test_a_locked_attribute_is_given_up_by_itself(tree, monkeypatch):
    monkeypatch.setattr(HostRoot, "READ_TIMEOUT", 0.2)
    (tree / "driver_override").write_text("vfio-pci\n")
    # Reading it takes its time.
    os.mkfifo(tree / "locked")
    host = HostRoot(str(tree.parent))
    monkeypatch.setattr(host._files, "read", lambda path: (tree.parent / path).read_bytes())
    assert host.read_locked(["sys/locked", "sys/driver_override"]) == {
        "sys/locked": None,
        "sys/driver_override": "vfio-pci",
    }


def test_locked_attributes_that_answer(host, tree, files):
    (tree / "driver_override").write_text("(null)\n")
    files.failures["sys/broken"] = OSError(errno.EIO, "")
    paths = ["sys/driver_override", "sys/none", "sys/broken"]
    assert host.read_locked(paths, optional=True) == {
        "sys/driver_override": "(null)",
        "sys/none": None,
        "sys/broken": None,
    }
    assert host.warnings == ["cannot read sys/broken: EIO (Input/output error)"]


def test_one_locked_device_does_not_hide_the_others(host, tree, files):
    (tree / "driver_override").write_text("vfio-pci\n")
    files.failures["sys/locked"] = TimeoutError()
    assert host.read_locked(["sys/locked", "sys/driver_override"]) == {
        "sys/locked": None,
        "sys/driver_override": "vfio-pci",
    }
    assert host.warnings == ["sys/locked did not answer within 2 s: a pending change locks its device"]


def test_wait_ends_with_the_condition_or_the_deadline(host, files):
    assert host.wait(lambda: files.time > 1.5, timeout=30)
    assert files.time < 1.5 + 0.2 + 0.001
    assert not host.wait(lambda: False, timeout=30)
    assert files.time < 32
    assert files.pauses[0] == 0.001
    assert max(files.pauses) <= 0.2


def test_bytes_are_read_as_they_are(host, tree):
    (tree / "x").write_bytes(b"\xff\n")
    assert host.read_bytes("sys/x") == b"\xff\n"
    assert host.read_bytes("sys/none") is None
    assert host.warnings == []


def test_link_that_cannot_be_made_is_told(host, tree):
    (tree.parent / "etc").touch()
    with pytest.raises(HostError, match=r"cannot link /etc/x/y: \w+ "):
        host.replace_link("etc/x/y", "/z")
