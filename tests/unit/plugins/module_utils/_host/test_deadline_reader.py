# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.deadline_reader import LEAST, READS, NoAnswer, Reader
from ansible_collections.vfio.devices.plugins.module_utils._host.files import OperatingSystemFiles

DEVICES = "sys/bus/pci/devices"


class RecordedFiles:
    """Answers each path with its name, except for ``silent`` paths; ``requests`` records what a child would receive."""

    def __init__(self, silent=()):
        self.silent = set(silent)
        self.direct, self.requests = [], []

    def read(self, path):
        self.direct.append(path)
        return b"direct"

    def each_in_time(self, timeout, limit, method, paths):
        self.requests.append((timeout, limit, method, list(paths)))
        for index, path in enumerate(paths):
            if path in self.silent:
                return [self.answer(path) for path in paths[:index]], index
        return [self.answer(path) for path in paths], None

    @staticmethod
    def answer(path):
        return (errno.EIO, None) if path.endswith("broken") else (None, path.encode())


def attributes(card, *names):
    return [f"{DEVICES}/{card}/{name}" for name in names]


@pytest.mark.parametrize(
    "path",
    [
        *(f"{DEVICES}/0000:01:00.0/{name}" for name in ("modalias", "numa_node", "vendor", "device", "class")),
        *("proc/cmdline", "proc/7/comm", "etc/machine-id", "run/x", "sys/class/block/sda/dev"),
    ],
)
def test_what_cannot_block_is_read_directly(path):
    files = RecordedFiles()
    assert Reader(files).get("read", path, 2) == b"direct"
    assert files.requests == []


@pytest.mark.parametrize(
    "path",
    [
        *(f"{DEVICES}/0000:01:00.0/{name}" for name in ("config", "sriov_totalvfs", "driver_override", "nvidia/x")),
        *("sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/name", "proc/7/cmdline", "proc/7/maps"),
        "sys/of/whatever/comes/next",
        *(
            "var/lib/docker/containers/3f/hostconfig.json",
            "srv/lxc/web1/config",
            "home/bob/x",
            "etc/libvirt/qemu/x.xml",
        ),
        "etc/pve/storage.cfg",
        "etc/systemd/system/web1.service",
    ],
)
def test_all_else_goes_through_the_child(path):
    files = RecordedFiles()
    assert Reader(files).get("read", path, 2) == path.encode()
    assert files.requests == [(2, READS * 2, "read", [path])]


def test_a_list_of_the_kernel_gets_a_second_try():
    files = RecordedFiles(silent=["proc/1/maps", "proc/1/mountinfo"])
    reader = Reader(files)
    with pytest.raises(NoAnswer):
        reader.get("read", "proc/1/maps", 2)
    assert reader.get("read", "proc/1/mounts", 2) == b"proc/1/mounts"
    before = len(files.requests)
    with pytest.raises(NoAnswer):
        reader.get("read", "proc/1/mountinfo", 2)
    assert len(files.requests) == before + 2


class SlowFiles(RecordedFiles):
    """The first read of each silent path times out, the second one succeeds."""

    def each_in_time(self, timeout, limit, method, paths):
        answers, silent = super().each_in_time(timeout, limit, method, paths)
        self.silent -= {paths[silent]} if silent is not None else set()
        return answers, silent


DISK = ["var/lib/cni/a", "var/lib/cni/b", "var/lib/cni/c"]


def test_a_slow_disk_gets_a_second_try():
    files = SlowFiles(DISK[:1])
    reader = Reader(files)
    assert [reader.get("read", path, 2) for path in DISK] == [path.encode() for path in DISK]
    assert reader.silent == {}


def test_many_files_of_a_slow_disk_get_a_second_try():
    files = SlowFiles(DISK[1:2])
    reader = Reader(files)
    with reader.ahead("read", DISK, 2):
        assert [reader.get("read", path, 2) for path in DISK] == [path.encode() for path in DISK]


def test_a_file_that_never_answers_gets_one_second_try():
    files = RecordedFiles(DISK[:1])
    reader = Reader(files)
    for _turn in range(3):
        with pytest.raises(NoAnswer):
            reader.get("read", DISK[0], 2)
    assert len(files.requests) == 2


def test_a_card_gets_no_second_try():
    files = SlowFiles(attributes("0000:01:00.0", "config"))
    reader = Reader(files)
    for path in attributes("0000:01:00.0", "config", "sriov_numvfs"):
        with pytest.raises(NoAnswer):
            reader.get("read", path, 2)


def test_many_files_are_one_request_and_each_is_taken_once():
    files = RecordedFiles()
    reader = Reader(files)
    paths = attributes("0000:01:00.0", "a", "b") + attributes("0000:02:00.0", "a", "broken")
    with reader.ahead("read", paths, 2):
        for path in paths[:3]:
            assert reader.get("read", path, 2) == path.encode()
        with pytest.raises(OSError) as caught:
            reader.get("read", paths[3], 2)
        assert caught.value.errno == errno.EIO
        assert len(files.requests) == 1
        reader.get("read", paths[0], 2)
        assert len(files.requests) == 2


def test_what_was_not_taken_is_asked_for_again():
    files = RecordedFiles()
    reader = Reader(files)
    paths = attributes("0000:01:00.0", "a")
    with reader.ahead("read", paths, 2):
        pass
    reader.get("read", paths[0], 2)
    assert len(files.requests) == 2


def test_a_long_request_ends_where_another_card_begins():
    files = RecordedFiles()
    paths = [f"{DEVICES}/0000:{card:02x}:00.0/{number}" for card in (1, 2, 3) for number in range(100)]
    with Reader(files).ahead("read", paths, 2):
        pass
    assert [len(request[3]) for request in files.requests] == [100, 100, 100]


def test_a_silent_card_is_asked_once_and_the_others_go_on():
    slow, others = attributes("0000:01:00.0", *"abcdefgh"), attributes("0000:02:00.0", *"abcd")
    files = RecordedFiles(slow[1:])
    reader = Reader(files)
    with reader.ahead("read", slow + others, 2):
        assert reader.get("read", slow[0], 2) == slow[0].encode()
        for path in slow[1:]:
            with pytest.raises(NoAnswer) as caught:
                reader.get("read", path, 2)
            assert (caught.value.path, caught.value.seconds) == (slow[1], 2)
            assert caught.value.errno is None
        for path in others:
            assert reader.get("read", path, 2) == path.encode()
    assert len(files.requests) == 2
    with pytest.raises(NoAnswer):
        reader.get("read", attributes("0000:01:00.0", "later")[0], 2)
    assert len(files.requests) == 2
    assert reader.silent == {"0000:01:00.0": (slow[1], 2)}


def test_virtual_functions_and_mediated_devices_answer_for_their_card():
    uuid = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
    card = attributes("0000:01:00.0", "a")[0]
    parts = [f"{DEVICES}/0000:01:00.4/a", f"sys/bus/mdev/devices/{uuid}/a", "sys/class/mdev_bus/0000:01:00.4/x/y/a"]
    files = RecordedFiles([card])
    reader = Reader(files)
    reader.cards.update({"0000:01:00.4": "0000:01:00.0", uuid: "0000:01:00.0"})
    for path in (card, *parts):
        with pytest.raises(NoAnswer):
            reader.get("read", path, 2)
    assert len(files.requests) == 1


def test_a_locked_device_hides_nothing_else():
    locked, other = attributes("0000:01:00.0", "driver_override", "nvidia/current_vgpu_type")
    reader = Reader(RecordedFiles([locked]))
    with reader.ahead("read", [locked, other], 2):
        with pytest.raises(NoAnswer):
            reader.get("read", locked, 2)
        assert reader.get("read", other, 2) == other.encode()


def test_a_lock_may_be_released_until_the_next_question():
    locked = attributes("0000:01:00.0", "driver_override")
    files = RecordedFiles(locked)
    reader = Reader(files)
    for _turn in range(2):
        with pytest.raises(NoAnswer):
            reader.get("read", locked[0], 2)
    with reader.ahead("read", locked, 2):
        for _turn in range(2):
            with pytest.raises(NoAnswer):
                reader.get("read", locked[0], 2)
    assert len(files.requests) == 3
    files.silent.clear()
    assert reader.get("read", locked[0], 2) == locked[0].encode()


def test_a_scan_of_many_silent_cards_ends():
    paths = [f"{DEVICES}/0000:{card:02x}:00.0/{name}" for card in range(64) for name in "abcdefgh"]
    files = RecordedFiles(paths)
    with Reader(files).ahead("read", paths, 2):
        pass
    times = [request[0] for request in files.requests]
    assert times[:4] == [2, 1, 0.5, 0.25]
    assert set(times[4:]) == {LEAST}
    assert sum(times) < 2 * 2 + 64 * LEAST


def test_real_files_that_were_read_before_the_silent_one_are_kept(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("1")
    (tmp_path / "c").write_text("3")
    files = OperatingSystemFiles(str(tmp_path))
    # Opening a FIFO without a peer blocks forever, like a driver.
    os.mkfifo(tmp_path / "b")
    monkeypatch.setattr(files, "read", lambda path: Path(tmp_path / path).read_bytes())
    assert files.each_in_time(0.3, 5, "read", ["a", "none", "b", "c"]) == ([(None, b"1"), (errno.ENOENT, None)], 2)
    assert files.each_in_time(0.3, 5, "read", ["c"]) == ([(None, b"3")], None)


@pytest.mark.parametrize(
    ("silent", "other", "is_read"),
    [
        ("var/lib/docker/containers/3f", "var/lib/docker/containers/5c", False),
        ("var/lib/docker/containers/3f", "var/lib/lxc/web1/config", True),
        ("home/bob/x", "home/ann/x", False),
        ("srv/docker/containers/3f", "srv/docker/containers/5c", False),
        ("srv/docker/containers/3f", "srv/lxc/web1/config", True),
    ],
)
def test_files_of_one_place_are_not_read_after_a_timeout(silent, other, is_read):
    reader = Reader(RecordedFiles([silent]))
    with pytest.raises(NoAnswer):
        reader.get("read", silent, 2)
    if is_read:
        assert reader.get("read", other, 2) == other.encode()
    else:
        with pytest.raises(NoAnswer) as caught:
            reader.get("list", other, 2)
        assert caught.value.path == silent


def test_files_that_do_not_answer_leave_the_time_of_devices_as_it_is():
    files = RecordedFiles(["srv/lxc/web1/config", "var/lib/docker/containers"])
    reader = Reader(files)
    for path in sorted(files.silent):
        with pytest.raises(NoAnswer):
            reader.get("read", path, 2)
    reader.get("read", attributes("0000:01:00.0", "config")[0], 2)
    assert [request[0] for request in files.requests] == [2, 2, 1, 1, 2]
