# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._capture import kept_content
from ansible_collections.vfio.devices.plugins.module_utils._capture.anonymize import Anonymizer


@pytest.fixture
def kept():
    hide = Anonymizer("secret", ("compute7",))
    return lambda path, text: kept_content.content(path, text, hide)


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("sys/class/nvme/nvme0/serial", "S4EVNX0N123456", "SERIAL0001"),
        ("sys/block/dm-0/dm/name", "acme-root", "volume-1"),
        ("sys/class/net/eno1/address", "3c:ec:ef:12:34:56", "02:00:00:00:00:01"),
        ("etc/hostname", "compute7", "host"),
        ("etc/shadow", "root:$6$secret", None),
        ("etc/nova/nova.conf", "transport_url = rabbit://nova:secret@mq", None),
        ("proc/1/environ", "TOKEN=secret", None),
        ("etc/sysfs.conf", "# sriov_numvfs\nsecret", None),
        ("etc/rc.local", "curl -H secret; echo 4 > /sys/class/net/x/device/sriov_numvfs", "sriov_numvfs"),
        (
            "etc/udev/rules.d/70-x.rules",
            'ACTION=="add", ENV{SECRET}=="x", ATTR{device/sriov_numvfs}="8"',
            "ATTR{sriov_numvfs}=",
        ),
        ("etc/NetworkManager/system-connections/a.nmconnection", "[wifi]\npsk=secret\n[sriov]\ntotal-vfs=4", "[sriov]"),
        ("etc/modprobe.d/a.conf", "options secret x=1\noptions igb max_vfs=7", "options igb max_vfs=7"),
        ("run/udev/data/b8:0", "E:ID_SERIAL=S3CR3T\nE:ID_FS_TYPE=ext4", "E:ID_FS_TYPE=ext4"),
    ],
)
def test_content(kept, path, text, wanted):
    assert kept(path, text) == wanted


def test_output_of_programs():
    hide = Anonymizer("secret")
    assert kept_content.output(("mdevctl", "list"), "secret", hide) == ""
    assert kept_content.output(("ip", "-j", "-d", "link", "show", "dev", "eno1"), "no JSON", hide) == ""
    said = '[{"ifname": "eno1", "ifalias": "secret", "vfinfo_list": [{"vf": 0, "address": "3c:ec:ef:12:34:56"}]}]'
    assert kept_content.output(("ip", "-j", "-d", "link", "show", "dev", "eno1"), said, hide) == (
        '[{"ifname": "eno1", "vfinfo_list": [{"vf": 0, "address": "02:00:00:00:00:01"}]}]'
    )
