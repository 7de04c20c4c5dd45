# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._services import oslo

FILE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"


@pytest.mark.parametrize(
    ("arguments", "read", "first"),  # first: the directories are read before the files
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
    assert (oslo.reads(found, FILE), found[0].is_directory) == (read, first)


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


def test_sources_of_the_command_line_are_read_in_its_order():
    arguments = ["nova-compute", "--config-file=/a.conf", "--config-dir", "/d", "--config-file", "/b.conf"]
    assert [one.path for one in oslo.sources("nova", arguments)] == ["/a.conf", "/d", "/b.conf"]


@pytest.mark.parametrize(
    ("existing", "found"),
    [
        ([], "/etc/nova/nova.conf"),
        (["/etc/nova.conf"], "/etc/nova.conf"),
        (["/etc/nova.conf", "/etc/nova/nova.conf"], "/etc/nova/nova.conf"),
        (["/etc/nova/nova.conf", "/var/lib/nova/nova.conf"], "/var/lib/nova/nova.conf"),
        (["/var/lib/nova/nova.conf", "/var/lib/nova/.nova/nova.conf"], "/var/lib/nova/.nova/nova.conf"),
        (["/var/snap/etc/nova/nova.conf"], "/var/snap/etc/nova/nova.conf"),
    ],
)
def test_the_first_default_file(existing, found):
    environment = {"HOME": "/var/lib/nova", "SNAP_COMMON": "/var/snap"}
    assert oslo.sources("nova", ["nova-compute"], environment, existing.__contains__)[0].path == found


@pytest.mark.parametrize(
    ("line", "value"),
    [("a = 'b'", "b"), ('a = "b"', "b"), ("a = 'b\"", "'b\""), ('a = "b" # c', '"b" # c'), ("a =", "")],
)
def test_quotes_around_a_value(line, value):
    assert oslo.entries(f"[s]\n{line}\n") == [("s", "a", value)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[pci]\nalias = 1\n  more\n\n# x\n; y\nalias: 2", None),
        ("[pci]  # the cards\n", "line 1: the name of a section ends with ]"),
        ("[pci]\nalias = 1\n\n  more\n", "line 4: it is indented, but continues no option"),
        ("[pci]\nalias\n", "line 2: it has no ="),
        ("[pci]\n= 1\n", "line 2: it has no name before ="),
        ("alias = 1\n[pci]\n", "line 1: it is before the first section"),
    ],
)
def test_lines_that_stop_the_service(text, error):
    assert oslo.error(text) == error


def test_options_of_the_environment():
    variables = {"OS_PCI__DEVICE_SPEC": "1", "OS_DEFAULT__COMPUTE_DRIVER": "2", "OS_PASSWORD": "secret", "A__B": "3"}
    assert list(oslo.of_environment(variables)) == [
        ("OS_PCI__DEVICE_SPEC", "pci", "device_spec", "1"),
        ("OS_DEFAULT__COMPUTE_DRIVER", "DEFAULT", "compute_driver", "2"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("a, b", "a,b", True), ("a,b", "b,a", False), ("True", "1", True), ("true", "false", False), ("0", "0", True)],
)
def test_values_with_the_same_meaning(one, other, same):
    assert oslo.is_same(one, other) is same
