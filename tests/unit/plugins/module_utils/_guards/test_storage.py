# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import storage
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link


class Host:
    """A host with a few files."""

    def __init__(self, links, files, holders=(), claimed=()):
        self.linked, self.files, self.holders, self.claimed = links, files, dict(holders), claimed

    def names(self, path):
        if path.endswith("/holders"):
            return self.holders.get(path.split("/")[-2], [])
        if path == "sys/class/block":
            return sorted(self.linked)
        below = [file[len(path) + 1 :].partition("/")[0] for file in self.files if file.startswith(f"{path}/")]
        return sorted(set(below))

    def links(self, path):
        return sorted(self.linked.items())

    def is_claimed(self, name, number):
        return name in self.claimed

    def exists(self, path):
        return path in self.files

    def link(self, path):
        return self.files.get(path)

    def link_name(self, path):
        return self.files.get(path)

    def read(self, path, optional=False):
        return self.files.get(path)


NVME = "../../devices/pci0000:60/0000:60:01.0/0000:61:00.0/nvme/nvme0/nvme0n1"
MULTIPATH = {
    "nvme0c0n1": "../../devices/pci0000:60/0000:60:01.0/0000:61:00.0/nvme/nvme0/nvme0c0n1",
    "nvme0n1": "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1",
    "nvme0n1p2": "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p2",
}


def observe(host):
    return storage.in_use(host, storage.owners(host))


def test_boot_drive_of_a_simulated_host(simulated):
    assert observe(simulated("nvme").root()) == {
        "0000:62:00.0": ["nvme1n1p1 is mounted at /boot/efi", "nvme1n1p2 is mounted at /"]
    }


def test_namespace_with_several_paths():
    host = Host(MULTIPATH, {"proc/1/mounts": "/dev/nvme0n1p2 / ext4 rw 0 0\n"})
    assert observe(host) == {"0000:61:00.0": ["nvme0n1p2 is mounted at /"]}


def test_mount_under_another_name_is_known_by_its_number():
    files = {
        "proc/1/mountinfo": "25 1 259:3 / / rw shared:1 - ext4 /dev/root rw\n26 1 0:5 / /proc rw - proc proc rw\n",
        "sys/class/block/nvme0n1/dev": "259:3",
    }
    assert observe(Host({"nvme0n1": NVME}, files)) == {"0000:61:00.0": ["nvme0n1 is mounted at /"]}


def test_holders_and_swap():
    files = {"proc/swaps": "Filename Type Size Used Priority\n/dev/nvme0n1 partition 1 0 -2\n"}
    assert observe(Host({"nvme0n1": NVME}, files, {"nvme0n1": ["dm-0"]})) == {
        "0000:61:00.0": ["nvme0n1 is swap space", "nvme0n1 is used by dm-0"]
    }


TWO = {
    "nvme0n1": NVME,
    "nvme0n1p3": f"{NVME}/nvme0n1p3",
    "nvme1n1p3": "../../devices/pci0000:60/0000:60:02.0/0000:62:00.0/nvme/nvme1/nvme1n1/nvme1n1p3",
}
NUMBERS = {"sys/class/block/nvme0n1p3/dev": "259:3", "sys/class/block/nvme1n1p3/dev": "259:9"}
POOL = {"proc/spl/kstat/zfs/tank/state": "ONLINE"}
MEMBER = "E:ID_FS_TYPE=zfs_member\nE:ID_FS_LABEL=tank\n"


@pytest.mark.parametrize(
    ("files", "sentences"),
    [
        ({**POOL, "run/udev/data/b259:3": MEMBER}, ["nvme0n1p3 is part of the imported ZFS pool tank"]),
        (
            {**POOL, "run/udev/data/b259:3": "E:ID_FS_TYPE=zfs_member\n"},
            ["nvme0n1p3 is part of the imported ZFS pool tank"],
        ),
        (
            {"proc/1/mounts": "tank/root / zfs rw 0 0\n", "run/udev/data/b259:3": MEMBER},
            ["nvme0n1p3 is part of the imported ZFS pool tank"],
        ),
        ({"run/udev/data/b259:3": MEMBER}, []),
        ({**POOL, "run/udev/data/b259:3": MEMBER.replace("tank", "exported")}, []),
        ({"sys/fs/ext4/nvme0n1p3/errors_count": "0"}, ["nvme0n1p3 is mounted in a mount namespace, as ext4"]),
        ({"sys/fs/xfs/nvme0n1p3/stats/stats": "0"}, ["nvme0n1p3 is mounted in a mount namespace, as xfs"]),
        ({"sys/fs/xfs/stats/stats": "0", "sys/fs/ext4/features/x": "0"}, []),
        ({"sys/fs/btrfs/1b/devices/nvme0n1p3/size": "1"}, ["nvme0n1p3 is part of the mounted btrfs 1b"]),
        ({"sys/class/block/loop7/loop/backing_file": "/dev/nvme0n1p3"}, ["nvme0n1p3 is used by loop7"]),
        ({"proc/mdstat": "md127 : active raid1 sda1[1] nvme0n1p3[0](F)\n"}, ["nvme0n1p3 is used by md127"]),
        ({"sys/class/block/dm-0/slaves/nvme0n1p3/size": "1"}, ["nvme0n1p3 is used by dm-0"]),
        (
            {**POOL, "run/udev/data/b259:3": f"E:ID_PART_ENTRY_TYPE={storage.ZFS_PARTITION}\n"},
            ["nvme0n1p3 is part of the imported ZFS pool tank"],
        ),
        (
            {**POOL, "run/udev/data/b259:3": f"E:ID_FS_TYPE=ext4\nE:ID_PART_ENTRY_TYPE={storage.ZFS_PARTITION}\n"},
            [],
        ),
        (
            {"proc/1/mounts": "/dev/disk/by-uuid/ab / ext4 rw 0 0\n", "dev/disk/by-uuid/ab": "../../nvme0n1p3"},
            ["nvme0n1p3 is mounted at /"],
        ),
        (
            {"etc/fstab": "UUID=ab /srv ext4 noauto 0 2\n", "dev/disk/by-uuid/ab": "../../nvme0n1p3"},
            ["nvme0n1p3 is listed in /etc/fstab"],
        ),
        (
            {"sys/class/block/nvme0n1p3/bcache/set": "5d00"},
            ["nvme0n1p3 is part of the bcache 5d00"],
        ),
        (
            {"sys/kernel/config/nvmet/subsystems/nqn/namespaces/1/device_path": "/dev/nvme0n1p3"},
            ["nvme0n1p3 is exported over NVMe"],
        ),
        (
            {"sys/kernel/config/target/core/iblock_0/disk/udev_path": "/dev/nvme0n1p3"},
            ["nvme0n1p3 is exported over SCSI"],
        ),
        (
            {"sys/kernel/scst_tgt/devices/disk01/filename": "/dev/nvme0n1p3\n[key]"},
            ["nvme0n1p3 is exported over SCSI"],
        ),
        ({"sys/kernel/scst_tgt/devices/disk01/filename": "/srv/image"}, []),
        # The administrator exports a disk by a lasting name, even by a link to a link.
        (
            {
                "sys/kernel/config/nvmet/subsystems/nqn/namespaces/1/device_path": "/dev/disk/by-id/nvme-spare",
                "dev/disk/by-id/nvme-spare": "../../nvme0n1p3",
            },
            ["nvme0n1p3 is exported over NVMe"],
        ),
        (
            {
                "sys/kernel/config/target/core/iblock_0/disk/udev_path": "/dev/spare",
                "dev/spare": "disk/by-id/nvme-spare",
                "dev/disk/by-id/nvme-spare": "../../nvme0n1p3",
            },
            ["nvme0n1p3 is exported over SCSI"],
        ),
        # The volume of a pod.
        (
            {"proc/1/mountinfo": "4 1 0:6 /nvme0n1p3 /var/lib/x rw - devtmpfs u rw\n"},
            ["nvme0n1p3 is available at /var/lib/x"],
        ),
    ],
)
def test_members_and_exports(files, sentences):
    loops = {name: f"../../devices/virtual/block/{name}" for name in ("loop7", "dm-0")}
    found = observe(Host({**TWO, **loops}, {**NUMBERS, **files}))
    assert found.get("0000:61:00.0", []) == sentences
    assert "0000:62:00.0" not in found


def test_member_of_a_file_system_of_several_disks():
    host = Host(TWO, {**NUMBERS, "sys/fs/bcachefs/7c/dev-1/block": "nvme1n1p3"})
    assert observe(host) == {"0000:62:00.0": ["nvme1n1p3 is part of the mounted bcachefs 7c"]}


def test_disk_that_something_unknown_has_for_itself():
    found = observe(Host(TWO, NUMBERS, claimed=["nvme1n1p3"]))
    assert "nvme1n1p3 is claimed" in found["0000:62:00.0"][0]
    assert "0000:61:00.0" not in found


def test_name_of_what_is_on_top():
    files = {"sys/class/block/dm-0/dm/name": "vg0-root"}
    assert observe(Host({"nvme0n1": NVME}, files, {"nvme0n1": ["dm-0"]})) == {
        "0000:61:00.0": ["nvme0n1 is used by dm-0 (vg0-root)"]
    }


def test_controller_above_a_drive():
    path = "../../devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0/nvme/nvme0/nvme0n1"
    found = observe(Host({"nvme0n1": path}, {"proc/1/mounts": "/dev/nvme0n1 / ext4 rw 0 0\n"}))
    assert set(found) == {"0000:00:0e.0", "10000:e1:00.0"}


def test_unused_disks_and_others():
    assert observe(Host({"nvme0n1": NVME, "loop0": "../../devices/virtual/block/loop0"}, {})) == {}


@pytest.mark.parametrize(
    ("target", "flags", "command", "found"),
    [
        ("/dev/nvme0n1", os.O_RDWR, "ceph-osd", ["nvme0n1 is in use by pid 77, ceph-osd"]),
        ("/srv/osd/dev/nvme0n1 (deleted)", os.O_RDONLY, "ceph-osd", ["nvme0n1 is in use by pid 77, ceph-osd"]),
        ("/dev/nvme0n1", os.O_PATH, "ceph-osd", []),
        ("/dev/nvme1n1", os.O_RDWR, "ceph-osd", []),
        ("/dev/nvme0n1", os.O_RDONLY, "(udev-worker)", []),
        # In a container, the disk has another name.
        ("/dev/xvda", os.O_RDWR, "mysqld", ["nvme0n1 is in use by pid 77, mysqld"]),
        ("/dev/null", os.O_RDWR, "mysqld", []),
    ],
)
def test_disk_that_a_process_has_open(simulated, monkeypatch, target, flags, command, found):
    host = simulated("nvme")
    tree = host.kernel.tree
    tree.add("proc/77/fd/5", Link(target))
    tree.add("proc/77/fdinfo/5", Attribute(f"flags:\t0{flags:o}\n".encode()))
    tree.add("proc/77/comm", Attribute(f"{command}\n".encode()))
    root = host.root()
    tree.add(f"{tree.resolve('sys/class/block/nvme0n1')[0]}/dev", Attribute(b"259:1\n"))
    monkeypatch.setattr(host.files, "device", lambda path, block=False: "259:1" if block and "xvda" in path else None)
    uses = storage.observe(root, Scene({}, [], Processes(root), asked=frozenset(["0000:61:00.0"])))
    assert [use.clause for use in uses] == [f"carries a disk of this host ({sentence})" for sentence in found]
