# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.programs import Output
from ansible_collections.vfio.devices.plugins.module_utils._host.recording import RecordingTools, empty, files_of
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
from ansible_collections.vfio.devices.tests.simhost import SimHost
from ansible_collections.vfio.devices.tests.simhost.tools import Tools
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute


@pytest.fixture
def door():
    host, notes = SimHost("nics"), empty()
    host.tree.add("srv/lxc/web1/config", Attribute(b""))
    files = host.accessor()
    return HostRoot(
        "/simulated", files=files_of(files, notes), tools=RecordingTools("/simulated", notes, Tools(host, files))
    ), notes


def test_what_is_read_is_noted(door):
    root, notes = door
    device = "sys/bus/pci/devices/0000:01:00.0"
    root.read(f"{device}/vendor")
    root.read_all([f"{device}/driver_override", f"{device}/absent"], optional=True)
    root.names(device)
    root.link(f"{device}/driver")
    root.links("sys/class/net")
    root.exists("etc/machine-id")
    root.exists("etc/absent")
    root.exists("srv/lxc/web1/config")
    root.exists("srv/absent")
    assert notes.contents == {f"{device}/vendor": b"0x8086\n", f"{device}/driver_override": b"(null)\n"}
    assert "vendor" in notes.names[device]
    assert notes.links[f"{device}/driver"].endswith("/igb")
    assert notes.links["sys/class/net/enp1s0f0"]
    assert notes.found == {"etc/machine-id", "srv/lxc/web1/config"}


def test_programs_are_noted(door):
    root, notes = door
    assert root.has_program("ip")
    root.run("ip", ["-j", "-d", "link", "show", "dev", "enp1s0f0"])
    ((command, output),) = notes.outputs.items()
    assert command[:2] == ("ip", "-j")
    assert isinstance(output.text, str)
    assert output.status == Output(0, "", "").status
    assert notes.programs["ip"] == "usr/bin/ip"


def test_nothing_can_be_written(door):
    root, _notes = door
    for action in (
        lambda: root.write("sys/bus/pci/devices/0000:01:00.0/sriov_numvfs", "1"),
        lambda: root.replace_file("etc/vfio-devices/mdev_instance/mtty.json", "x"),
        lambda: root.remove_file("etc/vfio-devices/mdev_instance/mtty.json"),
        root.lock,
    ):
        with pytest.raises(HostError, match="EROFS"):
            action()
