# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.files import MEBIBYTE, OperatingSystemFiles
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot


class ScriptedFiles(OperatingSystemFiles):
    """Real files, some of which fail on demand; no child is used, and time passes only by pausing."""

    def __init__(self, root):
        super().__init__(root)
        self.failures = {}
        self.time = 0.0
        self.pauses = []

    def read(self, path):
        if path in self.failures:
            raise self.failures[path]
        return super().read(path)

    def list(self, path):
        if path in self.failures:
            raise self.failures[path]
        return super().list(path)

    def write(self, path, data):
        if path in self.failures:
            raise self.failures[path]
        super().write(path, data)

    def in_time(self, timeout, method, *arguments):
        return getattr(self, method)(*arguments)

    def each_in_time(self, timeout, limit, method, paths):
        answers = []
        for index, path in enumerate(paths):
            try:
                answers.append((None, getattr(self, method)(path)))
            except OSError as error:
                if isinstance(error, TimeoutError) and error.errno is None:
                    return answers, index
                answers.append((error.errno, None))
        return answers, None

    def now(self):
        return self.time

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.time += seconds


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "sys").mkdir()
    return tmp_path / "sys"


# Attributes that may be written.
CREATE, REMOVE, NONE = (f"sys/bus/pci/devices/0000:01:00.{number}/sriov_numvfs" for number in range(3))


@pytest.fixture
def attributes(tree):
    """Create the directory of each attribute."""
    for path in (CREATE, REMOVE, NONE):
        (tree.parent / path).parent.mkdir(parents=True)
    return tree.parent


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
    assert host.warnings == ["cannot read /sys/name: ENOENT (No such file or directory)"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.EINVAL])
def test_an_error_is_told_even_if_optional(host, files, number):
    files.failures["sys/name"] = OSError(number, "")
    assert host.read("sys/name", optional=True) is None
    assert host.warnings == [f"cannot read /sys/name: {errno.errorcode[number]} ({os.strerror(number)})"]


def test_what_permissions_forbid_is_one_sentence(host, files):
    for name in ("sys/a", "sys/b", "sys/c"):
        files.failures[name] = PermissionError(errno.EACCES, "")
        assert host.read(name) is None
    (sentence,) = host.warnings
    assert sentence.startswith("cannot read /sys/a and 2 more: EACCES. ")


def test_bytes_that_are_no_text(host, tree):
    (tree / "name").write_bytes(b"\xff\xfe\n")
    assert host.read("sys/name") is None
    assert host.warnings == ["/sys/name is not UTF-8 text"]


NO_NUMBERS = ["", "x\n", "1 2", "16x", "1_000", "+5", "0x10", "1.5", "٣", "-1", "-2", "1048577", "9" * 5000]


@pytest.mark.parametrize(
    ("text", "number"),
    [("12\n", 12), ("0", 0), ("007", 7), ("1048576", 1 << 20), *((text, None) for text in NO_NUMBERS)],
)
def test_numbers(host, tree, text, number):
    (tree / "numa_node").write_text(text)
    assert host.read_number("sys/numa_node") == number
    if number is None:
        (warning,) = host.warnings
        assert warning == f"/sys/numa_node holds {text.strip()[:40]!r}, which is not a number from 0 to 1048576"
        assert host.unread("sys/numa_node") == warning
    else:
        assert host.warnings == []


def test_numbers_of_another_range(host, tree):
    (tree / "numa_node").write_text("-1\n")
    assert host.read_number("sys/numa_node", least=-1, most=1023) == -1
    (tree / "numa_node").write_text("1024\n")
    assert host.read_number("sys/numa_node", least=-1, most=1023) is None


def test_control_characters_are_replaced(host, tree):
    (tree / "name").write_text("a\x1b[2J\x9b\u202eb\n\tc\0d\n")
    assert host.read("sys/name") == "a\ufffd[2J\ufffd\ufffdb\n\tc\0d"


def test_names_with_control_characters_are_told_and_left_out(host, tree):
    for name in ("a", "b\x1b[2J", "c\nd"):
        (tree / name).touch()
    assert host.names("sys") == ["a"]
    told = [f"/sys has a name with control characters: {name!r}" for name in ("b\x1b[2J", "c\nd")]
    assert sorted(host.warnings) == told


def test_fifo_and_endless_file_do_not_hang(host, tree):
    os.mkfifo(tree / "fifo")
    (tree.parent / "zero").symlink_to("/dev/zero")
    assert host.read("sys/fifo") == ""
    assert len(host.read("zero")) == MEBIBYTE


def test_a_long_file_outside_sysfs_is_read_whole(host, tree):
    (tree.parent / "definition").write_text("x" * 200_000)
    assert len(host.read("definition")) == 200_000


def test_names_are_sorted_and_text(host, tree):
    for name in (b"b", b"a", b"\xff"):
        os.close(os.open(os.fsencode(tree) + b"/" + name, os.O_CREAT))
    assert host.names("sys") == ["a", "b"]
    assert host.warnings == ["/sys has a name that is not UTF-8 text: b'\\xff'"]


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
    assert host.warnings == ["cannot read /sys/a: ELOOP (Too many levels of symbolic links)"]


def test_write_is_one_write_without_creating(host, attributes):
    (attributes / CREATE).write_text("0123456789")
    host.write(CREATE, "abc")
    assert (attributes / CREATE).read_text() == "abc3456789"
    with pytest.raises(
        HostError, match=rf"^cannot write '1' to /{NONE}: ENOENT \(No such file or directory\)$"
    ) as caught:
        host.write(NONE, "1")
    assert (caught.value.path, caught.value.value, caught.value.errno) == (NONE, "1", "ENOENT")
    assert not caught.value.pending


def test_a_driver_that_answers_etimedout_has_answered(host, files):
    files.failures[CREATE] = OSError(errno.ETIMEDOUT, "")
    with pytest.raises(HostError) as caught:
        host.write(CREATE, "1")
    assert caught.value.errno == "ETIMEDOUT"
    assert not caught.value.pending


def test_a_write_that_blocks_ends_at_its_deadline(attributes):
    os.mkfifo(attributes / REMOVE)
    host = HostRoot(str(attributes))
    begin = time.monotonic()
    # Without O_NONBLOCK, opening a FIFO for writing waits for a reader.
    with pytest.raises(HostError, match=f"writing '1' to /{REMOVE} timed out after 0.2 s") as caught:
        host.write(REMOVE, "1", timeout=0.2)
    assert caught.value.pending
    assert time.monotonic() - begin < 10


def test_after_a_write_that_blocks_the_others_go_on(attributes):
    os.mkfifo(attributes / REMOVE)
    (attributes / CREATE).touch()
    host = HostRoot(str(attributes), timeout=0.2)
    for value in ("a", "b"):
        host.write(CREATE, value)
        assert (attributes / CREATE).read_text() == value
        with pytest.raises(HostError) as caught:
            host.write(REMOVE, "1")
        assert caught.value.pending
        with pytest.raises(HostError, match="ENOENT") as caught:
            host.write(NONE, "1")
        assert not caught.value.pending


def test_a_locked_attribute_is_given_up_by_itself(tree, monkeypatch):
    monkeypatch.setattr(HostRoot, "READ_TIMEOUT", 0.2)
    for device in "ab":
        (tree / device).mkdir()
    (tree / "a" / "driver_override").write_text("vfio-pci\n")
    # Without O_NONBLOCK, opening a FIFO for reading blocks.
    os.mkfifo(tree / "b" / "driver_override")
    host = HostRoot(str(tree.parent), timeout=1)
    monkeypatch.setattr(host._files, "read", lambda path: (tree.parent / path).read_bytes())
    paths = [f"sys/{device}/driver_override" for device in "ba"]
    assert host.read_all(paths) == dict(zip(paths, [None, "vfio-pci"]))
    assert host.warnings == ["/sys/b/driver_override did not answer within 0.2 s: a pending change locks its device"]


def test_many_files(host, tree, files):
    (tree / "driver_override").write_text("(null)\n")
    files.failures["sys/broken"] = OSError(errno.EIO, "")
    paths = ["sys/driver_override", "sys/none", "sys/broken"]
    assert host.read_all(paths, optional=True) == dict(zip(paths, ["(null)", None, None]))
    assert host.warnings == ["cannot read /sys/broken: EIO (Input/output error)"]
    assert (host.unread("sys/none"), host.unread("sys/broken")) == (None, *host.warnings)


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(30, 2), (3, 2), (1, 1), (0.1, 0.1), (150, 10)], ids=lambda value: f"{value:g}s"
)
def test_a_read_may_take_a_part_of_the_timeout(files, timeout, seconds):
    assert HostRoot("/simulated", timeout, files=files).read_timeout == seconds


def test_what_a_device_does_not_answer_is_told_once_with_its_name(host, tree, files):
    card = tree / "bus" / "pci" / "devices" / "0000:01:00.0"
    card.mkdir(parents=True)
    path = "sys/bus/pci/devices/0000:01:00.0"
    for name in ("slow", "other"):
        (card / name).write_text("1\n")
    files.failures[f"{path}/slow"] = TimeoutError()
    assert host.read_all([f"{path}/slow", f"{path}/other"]) == {f"{path}/slow": None, f"{path}/other": None}
    assert host.read_number(f"{path}/other") is None
    (warning,) = host.warnings
    assert warning == (
        f"/{path}/slow did not answer within 2 s: further driver files of 0000:01:00.0 were not read. Read the "
        "messages about 0000:01:00.0 in dmesg"
    )
    assert host.silent == {"0000:01:00.0": warning}
    assert host.unread(f"{path}/other") == warning


def test_open_files_of_a_process_that_cannot_be_seen(host, tree, files):
    (tree.parent / "proc" / "7" / "fd").mkdir(parents=True)
    files.failures["proc/7/fd"] = TimeoutError()
    assert host.names("proc/7/fd") == []
    assert host.hidden_processes.startswith("open files of process 7 are unreadable")
    assert "proc/7/fd gives no answer" in host.hidden_processes


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
    with pytest.raises(HostError, match=r"cannot link /etc/systemd/\S+: \w+ "):
        host.replace_link("etc/systemd/system/multi-user.target.wants/vfio-devices-restore.service", "/z")


@pytest.fixture
def loop_device(tmp_path):
    """Return the path of a real block device."""
    image = tmp_path / "image"
    image.write_bytes(bytes(1 << 20))
    made = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"there is no loop device: {made.stderr.strip()}")
    yield made.stdout.strip()
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("losetup"), reason="needs root and losetup")
def test_disk_that_somebody_has_for_himself_is_claimed(loop_device):
    name = os.path.basename(loop_device)
    status = os.stat(loop_device)
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    root = HostRoot("/")
    assert not root.is_claimed(name, number)
    descriptor = os.open(loop_device, os.O_RDONLY | os.O_EXCL)
    try:
        assert root.is_claimed(name, number)
        assert not root.is_claimed(name, "1:1")
    finally:
        os.close(descriptor)
    assert not root.is_claimed("null", "1:3")
    assert not root.is_claimed("none", None)


@pytest.mark.parametrize("root", ["", "relative", "./x", "~", "sys\n"])
def test_a_root_is_an_absolute_path(root, tmp_path, monkeypatch):
    """Otherwise the directory in which Ansible runs a module would decide."""
    (tmp_path / "relative/sys").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HostError, match="host_root must be the absolute path of a directory such as /, and not '"):
        HostRoot(root)
