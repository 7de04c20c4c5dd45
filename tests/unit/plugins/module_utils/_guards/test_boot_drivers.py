# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

ICE = "0000:31:00.0"
FILE = "etc/modprobe.d/local.conf"
VFS = {"pf": ICE, "mode": "vf", "num_vfs": "1"}
PASSED = {"pf": ICE, "mode": "pf"}


@pytest.mark.parametrize(
    ("path", "text", "function", "named"),
    [
        (f"etc/driverctl.d/{ICE}", "vfio-pci\n", VFS, f"driverctl unset-override {ICE}"),
        (f"etc/driverctl.d/{ICE}", "vfio-pci\n", {**PASSED, "driver": "native"}, "driverctl unset-override"),
        (f"etc/driverctl.d/{ICE}", "vfio-pci\n", PASSED, None),
        (f"etc/driverctl.d/{ICE}", "ice\n", VFS, None),
        ("etc/driverctl.d/0000:32:00.0", "vfio-pci\n", VFS, None),
        (FILE, "options vfio-pci ids=8086:159b\n", VFS, f"because /{FILE} gives its ids to vfio-pci"),
        (FILE, "options vfio-pci ids=8086:159b\n", PASSED, None),
        (FILE, "options vfio-pci ids=8086:1593\n", VFS, None),
        (FILE, "blacklist nouveau\nblacklist ice\n", VFS, f"because /{FILE} blacklists its driver ice"),
        (FILE, "blacklist ice\n", PASSED, None),
        (FILE, "install ice /bin/false\n", VFS, "Remove the line install ice /bin/false there"),
        (FILE, "install ice /sbin/modprobe -i ice\n", VFS, None),
    ],
)
def test_settings_of_the_next_boot(switch, path, text, function, named):
    run = switch("nics", files={path: text})
    warnings = run(function, check=True)["warnings"]
    assert [named in one for one in warnings] == ([True] if named else [])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("modprobe.blacklist=nouveau,ice", "Remove ice from modprobe.blacklist=nouveau,ice there"),
        ("quiet module_blacklist=ice", "because a kernel argument blacklists its driver ice"),
        ("modprobe.blacklist=ice2", None),
    ],
)
def test_kernel_arguments(switch, arguments, named):
    run = switch("nics")
    run.host.kernel.tree.add("proc/cmdline", Attribute(f"ro {arguments}\n".encode()))
    assert [named in one for one in run(VFS, check=True)["warnings"]] == ([True] if named else [])


def test_overrides_of_virtual_functions(switch):
    run = switch("nics")
    run({**VFS, "vf_driver": "vfio-pci"})
    address = run.card(ICE)["virtual"][0][0]
    run.host.kernel.tree.add(f"etc/driverctl.d/{address}", Attribute(b"iavf\n"))
    assert f"driverctl unset-override {address}" in run({**VFS, "vf_driver": "vfio-pci"})["warnings"][0]
    assert run({**VFS, "vf_driver": "default"})["warnings"] == []
    assert run(VFS)["warnings"] == []
