# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import configured_disks
from ansible_collections.vfio.devices.tests.simhost.tree import Link

LINKS = {
    "by-uuid/ab-1": "nvme0n1p3",
    "by-label/my\\x20data": "nvme0n1p4",
    "by-label/a€b": "nvme0n1p5",
    "by-id/nvme-spare": "nvme1n1",
}
MOUNT = "[Mount]\nWhat=/dev/disk/by-id/nvme-spare\nWhere=/srv\n"


@pytest.mark.parametrize(
    ("path", "text", "disk"),
    [
        ("etc/fstab", "UUID=ab-1 / ext4 defaults 0 1\n", "nvme0n1p3"),
        ("etc/fstab", 'UUID="ab-1" none swap sw 0 0\n', "nvme0n1p3"),
        ("etc/fstab", "LABEL=my\\040data /srv xfs nofail 0 2\n", "nvme0n1p4"),
        ("etc/fstab", "LABEL=a€b /srv xfs nofail 0 2\n", "nvme0n1p5"),
        ("etc/fstab", "/dev/disk/by-id/nvme-spare /srv xfs nofail 0 2\n", "nvme1n1"),
        ("etc/fstab", "/dev/nvme2n1 /srv xfs defaults 0 2\n", "nvme2n1"),
        ("etc/fstab", "#UUID=ab-1 / ext4 defaults 0 1\n\n", None),
        ("etc/fstab", "server:/srv /srv nfs defaults 0 0\n", None),
        ("etc/fstab", "/dev/../etc/nvme0n1 /srv xfs defaults 0 0\n", None),
        ("etc/crypttab", "data UUID=ab-1 none luks\n", "nvme0n1p3"),
        ("etc/kdump.conf", "path /var/crash\nraw /dev/disk/by-uuid/ab-1\nssh user@dump\n", "nvme0n1p3"),
        ("etc/systemd/system/srv.mount", MOUNT, "nvme1n1"),
        ("etc/systemd/system/srv.service", MOUNT, None),
    ],
)
def test_disk(simulated, path, text, disk):
    host = simulated("empty", files={path: text})
    for name, target in LINKS.items():
        host.kernel.tree.add(f"dev/disk/{name}", Link(f"../../{target}"))
    assert configured_disks.configured(host.root()) == ({disk: f"listed in /{path}"} if disk else {})


@pytest.mark.parametrize(
    ("directory", "link", "target", "disk"),
    [
        ("var/lib/ceph/osd/ceph-3", "block", "/dev/nvme2n1", "nvme2n1"),
        ("var/lib/ceph/5f0a/osd.3", "block.db", "/dev/disk/by-uuid/ab-1", "nvme0n1p3"),
        ("var/lib/rook/rook-ceph/5f0a_1b2c", "block", "/dev/nvme2n1", "nvme2n1"),
        ("var/lib/ceph/osd/ceph-3", "block.wal", "/dev/mapper/ceph-wal", "dm-3"),
        ("var/lib/ceph/osd/ceph-3", "keyring", "/dev/nvme2n1", None),
        ("var/lib/ceph/osd/ceph-3", "block", "spdk:0000:41:00.0", None),
    ],
)
def test_disk_of_a_stopped_ceph_osd(simulated, directory, link, target, disk):
    host = simulated("empty")
    host.kernel.tree.add("dev/disk/by-uuid/ab-1", Link("../../nvme0n1p3"))
    host.kernel.tree.add("dev/mapper/ceph-wal", Link("../dm-3"))
    host.kernel.tree.add(f"{directory}/{link}", Link(target))
    found = {disk: f"the disk of a Ceph OSD (/{directory}/{link})"} if disk else {}
    assert configured_disks.configured(host.root()) == found


def test_ceph_osd_on_a_file_system_that_does_not_answer(simulated):
    host = simulated("empty")
    for number in (3, 4):
        host.kernel.tree.add(f"var/lib/ceph/osd/ceph-{number}/block", Link("/dev/nvme2n1"))
    host.kernel.faults.delay("var/lib/ceph/osd/ceph-3", 100, ("list",))
    root = host.root()
    assert configured_disks.configured(root) == {}
    assert "/var/lib/ceph/osd/ceph-3 did not answer within 2 s" in root.warnings[0]
