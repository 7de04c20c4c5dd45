# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._services import oslo

FILE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"


@pytest.mark.parametrize(
    ("arguments", "read", "first"),
    [
        (["/usr/bin/nova-compute"], True, False),
        (["nova-compute", "--config-file", "/etc/nova/nova.conf"], True, True),
        (["nova-compute", "--config-file=/etc/nova/nova.conf", "--config-dir=/etc/nova/nova.conf.d/"], True, False),
        (["nova-compute", "--config-dir", "/etc/nova/nova.conf.d", "--config-file", "/etc/nova/nova.conf"], True, True),
        (["nova-compute", "--config-dir", "/etc/nova/other"], False, False),
        (["nova-compute", "--config-file", FILE], True, True),
        (["n-cpu"], True, False),
    ],
)
def test_which_files_are_read(arguments, read, first):
    found = oslo.sources("nova", arguments)
    assert (oslo.reads(found, FILE), found.directories_first) == (read, first)


@pytest.mark.parametrize("name", ["50-vfio.ini", ".50-vfio.conf", "sub/a.conf"])
def test_which_names_are_read(name):
    assert not oslo.reads(oslo.sources("nova", ["nova-compute"]), f"/etc/nova/nova.conf.d/{name}")


def test_options():
    text = "a = 1\n[pci]\n# alias = no\nalias: x\n  continued = value\nalias = y\n[devices]\nenabled_mdev_types=t\n"
    assert oslo.options(text) == [
        ("DEFAULT", "a"),
        ("pci", "alias"),
        ("pci", "alias"),
        ("devices", "enabled_mdev_types"),
    ]
    assert oslo.entries(text)[1:3] == [("pci", "alias", "x\ncontinued = value"), ("pci", "alias", "y")]
