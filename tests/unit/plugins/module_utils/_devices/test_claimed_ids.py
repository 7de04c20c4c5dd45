# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import claimed_ids
from ansible_collections.vfio.devices.tests.simhost.tree import Link

FILE = "etc/modprobe.d/vfio.conf"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("options vfio-pci ids=8086:1592\n", True),
        ("# cards\noptions vfio_pci disable_vga=1 ids=10de:1eb8,8086:1592:8086:0002\n", True),
        ('options vfio-pci ids="8086:1592"\n', True),
        ("options vfio-pci ids=8086:1593\n", False),
        ("#options vfio-pci ids=8086:1592\n", False),
        ("options vfio-pci disable_vga=1\n", False),
        ("options other ids=8086:1592\n", False),
    ],
)
def test_file_that_gives_ids(simulated, text, found):
    host = simulated("empty", files={FILE: text}).root()
    assert claimed_ids.ModuleSettings(host).source("8086", "1592") == (f"/{FILE}" if found else None)
    assert claimed_ids.ModuleSettings(host).source("0086", "1592") is None


def test_ids_without_leading_zeros(simulated):
    host = simulated("empty", files={FILE: "options vfio-pci ids=8086:37c\n"}).root()
    assert claimed_ids.ModuleSettings(host).source("8086", "037c") == f"/{FILE}"


@pytest.mark.parametrize("name", ["vfio-pci.ids", "vfio_pci.ids"])
def test_kernel_argument_that_gives_ids(simulated, name):
    host = simulated("empty", cmdline=f"root=/dev/sda1 {name}=8086:1592,10de:1eb8 quiet").root()
    found = claimed_ids.ModuleSettings(host).source("10de", "1eb8")
    assert found == "the kernel argument vfio-pci.ids"
    assert claimed_ids.advice(found, "10de", "1eb8") == "Remove 10de:1eb8 there, and reboot"
    assert claimed_ids.ModuleSettings(host).source("10de", "1eb9") is None


IDS = "options vfio-pci ids=8086:1592\n"


@pytest.mark.parametrize("directory", ["etc", "run", "usr/local/lib", "usr/lib", "lib"])
def test_directories(simulated, directory):
    host = simulated("empty", files={f"{directory}/modprobe.d/vfio.conf": IDS}).root()
    assert claimed_ids.ModuleSettings(host).source("8086", "1592") == f"/{directory}/modprobe.d/vfio.conf"


@pytest.mark.parametrize(
    ("first", "second"), [("etc", "run"), ("etc", "usr/lib"), ("run", "usr/local/lib"), ("usr/lib", "lib")]
)
def test_file_hides_others_of_its_name(simulated, first, second):
    files = {f"{first}/modprobe.d/vfio.conf": "# nothing\n", f"{second}/modprobe.d/vfio.conf": IDS}
    settings = claimed_ids.ModuleSettings(simulated("empty", files=files).root())
    assert (settings.source("8086", "1592"), [*settings.files]) == (None, [f"{first}/modprobe.d/vfio.conf"])


def test_merged_directory_is_read_once(simulated):
    host = simulated("empty", files={"usr/lib/modprobe.d/vfio.conf": IDS, "usr/lib/modprobe.d/note.txt": IDS})
    host.kernel.tree.add("lib", Link("usr/lib"))
    root = host.root()
    listed = []
    monitored = root.names
    root.names = lambda path: listed.append(path) or monitored(path)
    assert [*claimed_ids.ModuleSettings(root).files] == ["usr/lib/modprobe.d/vfio.conf"]
    assert "lib/modprobe.d" not in listed
