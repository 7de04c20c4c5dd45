# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._capture import disks
from ansible_collections.vfio.devices.plugins.module_utils._capture.anonymize import Anonymizer


@pytest.fixture
def hide():
    return Anonymizer("secret")


def test_command_line(hide):
    text = "BOOT_IMAGE=/vmlinuz root=/dev/mapper/acme-root ro rd.iscsi.password=secret intel_iommu=on iommu=pt"
    assert disks.command_line(text, hide) == "root=/dev/mapper/volume-1 ro intel_iommu=on iommu=pt"


def test_the_same_volume_has_one_name(hide):
    said = disks.mounts(
        "/dev/mapper/acme-root / ext4 rw 0 0\n/dev/nvme0n1p1 /srv/acme xfs rw 0 0\ntmpfs /run tmpfs rw 0 0", hide
    )
    assert said == "/dev/mapper/volume-1 / ext4 rw 0 0\n/dev/nvme0n1p1 /place-1 xfs rw 0 0"
    assert disks.command_line("root=/dev/mapper/acme-root", hide) == "root=/dev/mapper/volume-1"


def test_servers_keep_their_addresses_only(hide):
    said = disks.mounts("nas:/acme /mnt/acme nfs4 rw,username=bob,addr=10.0.0.9 0 0", hide)
    assert said == "server-1:/ /place-1 nfs4 addr=10.0.0.9 0 0"


def test_pools(hide):
    assert disks.mounts("acme/data /srv zfs rw 0 0", hide) == "pool-1/data-1 /srv zfs rw 0 0"


def test_mountinfo_and_swap(hide):
    assert disks.mountinfo(
        "27 1 259:2 /x /srv/acme rw shared:1 - xfs /dev/nvme0n1p2 rw\n28 1 0:5 / /run rw - tmpfs t rw", hide
    ) == ("27 1 259:2 / /place-1 rw - none none rw")
    assert disks.swaps("Filename Type\n/dev/dm-1 partition 1 0 -2", hide) == "Filename Type\n/dev/dm-1 partition 0 0 -2"


def test_files_of_loops(hide):
    assert disks.backing_file("/var/lib/acme.img", hide) == "/file-1"
    assert disks.backing_file("/dev/nvme0n1", hide) == "/dev/nvme0n1"
