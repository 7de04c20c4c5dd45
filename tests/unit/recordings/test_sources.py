# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Convert recordings of other programs to hosts."""

from __future__ import annotations

import json

from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.tests.recordings import sources
from ansible_collections.vfio.devices.tests.recordings.replay import RecordedHost, RecordedTools

UMOCKDEV = """P: /devices/pci0000:3a/0000:3b:00.0
E: DRIVER=nvidia
E: SUBSYSTEM=pci
A: modalias=pci:v000010DEd000025B6sv000010DEsd0000157Ebc03sc02i00\\n
A: numa_node=1\\n
A: sriov_totalvfs=16\\n
A: sriov_numvfs=1\\n
A: sriov_vf_device=25b6\\n
A: sriov_drivers_autoprobe=1\\n
H: config=DE10
L: driver=../../../bus/pci/drivers/nvidia
L: iommu_group=../../../kernel/iommu_groups/7
L: virtfn0=../0000:3b:00.4

P: /devices/pci0000:3a/0000:3b:00.4
E: SUBSYSTEM=pci
A: modalias=pci:v000010DEd000025B6sv000010DEsd00000000bc03sc02i00\\n
A: mdev_supported_types/nvidia-742/name=NVIDIA A2-1B\\n
A: mdev_supported_types/nvidia-742/description=num_heads=4, max_instance=16\\n
A: mdev_supported_types/nvidia-742/device_api=vfio-pci\\n
A: mdev_supported_types/nvidia-742/available_instances=1\\n
L: physfn=../0000:3b:00.0
L: driver=../../../bus/pci/drivers/nvidia
"""
LSPCI = """0000:3b:00.0 3D controller [0302]: NVIDIA Corporation GA107GL [10de:25b6] (rev a1)
\tSubsystem: NVIDIA Corporation Device [10de:157e]
\tNUMA node: 1
\tIOMMU group: 7
\tCapabilities: [bcc v1] Single Root I/O Virtualization (SR-IOV)
\t\tInitial VFs: 16, Total VFs: 16, Number of VFs: 1, Function Dependency Link: 00
\t\tVF offset: 4, stride: 1, Device ID: 25b6
\tKernel driver in use: nvidia

0000:41:00.0 Ethernet controller [0200]: Intel Corporation I350 [8086:1521] (rev 01)
\tKernel driver in use: igb
"""
BYTES = """3b:00.0 3D controller: NVIDIA Corporation GA107GL (rev a1)
00: de 10 b6 25 07 04 10 00 a1 00 02 03 10 00 00 00
10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
20: 00 00 00 00 00 00 00 00 00 00 00 00 de 10 7e 15
"""


def facts(recording):
    host = RecordedHost(recording)
    said = run_facts.observe(HostRoot("/recorded", files=host.accessor(), tools=RecordedTools(host)))
    return {card["address"]: card for card in said["physical_functions"]}, said


def test_umockdev():
    cards, said = facts(sources.umockdev(UMOCKDEV))
    card = cards["0000:3b:00.0"]
    assert (card["product_id"], card["subsystem_product_id"], card["class"]) == ("25b6", "157e", "0302")
    assert (card["driver"], card["numa_node"], card["iommu_group"]) == ("nvidia", 1, 7)
    assert (card["total_vfs"], card["vf_product_id"], card["framework"]) == (16, "25b6", "mdev")
    assert [one["address"] for one in card["virtual_functions"]] == ["0000:3b:00.4"]
    (parent,) = said["parents"]
    assert (parent["name"], parent["types"][0]["name"]) == ("0000:3b:00.4", "NVIDIA A2-1B")
    assert said["iommu"]["group_count"] == 1


def test_lspci():
    cards, said = facts(sources.lspci(f"$ lspci -Dvvnn\n{LSPCI}"))
    card = cards["0000:3b:00.0"]
    assert (card["vendor_id"], card["product_id"], card["subsystem_product_id"]) == ("10de", "25b6", "157e")
    assert (card["driver"], card["numa_node"], card["iommu_group"]) == ("nvidia", 1, 7)
    assert (card["total_vfs"], card["num_vfs"], card["mode"]) == (16, 1, "vf")
    assert [one["address"] for one in card["virtual_functions"]] == ["0000:3b:00.4"]
    assert cards["0000:41:00.0"]["driver"] == "igb"
    assert said["warnings"] == []


def test_lspci_with_bytes():
    card = facts(sources.lspci(BYTES))[0]["0000:3b:00.0"]
    assert (card["vendor_id"], card["product_id"], card["class"]) == ("10de", "25b6", "0302")
    assert (card["subsystem_vendor_id"], card["subsystem_product_id"]) == ("10de", "157e")


def test_a_report_of_sos(tmp_path):
    (tmp_path / "sos_commands/pci").mkdir(parents=True)
    (tmp_path / "sos_commands/pci/lspci_-nnvv").write_text(LSPCI)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text("root=/dev/sda1 intel_iommu=on\n")
    cards, said = facts(sources.folder(tmp_path))
    assert set(cards) == {"0000:3b:00.0", "0000:41:00.0"}
    assert said["iommu"]["kernel_arguments"] == ["root=/dev/sda1", "intel_iommu=on"]


def test_a_copy_of_sysfs(tmp_path):
    place = tmp_path / "sys/devices/pci0000:3a/0000:3b:00.0"
    place.mkdir(parents=True)
    (place / "modalias").write_text("pci:v000010DEd000025B6sv000010DEsd0000157Ebc03sc02i00\n")
    (tmp_path / "sys/bus/pci/devices").mkdir(parents=True)
    (tmp_path / "sys/bus/pci/devices/0000:3b:00.0").symlink_to("../../../devices/pci0000:3a/0000:3b:00.0")
    assert set(facts(sources.folder(tmp_path))[0]) == {"0000:3b:00.0"}


def test_an_archive_of_prometheus():
    text = (
        "# Archive created by ttar\n"
        "Directory: fixtures/sys/devices/0000:3b:00.0\nMode: 755\n"
        "# ttar - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -\n"
        "Path: fixtures/sys/devices/0000:3b:00.0/modalias\nLines: 1\n"
        "pci:v000010DEd000025B6sv000010DEsd0000157Ebc03sc02i00\nMode: 444\n"
        "# ttar - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -\n"
        "Path: fixtures/sys/bus/pci/devices/0000:3b:00.0\nSymlinkTo: ../../../devices/0000:3b:00.0\n"
    )
    assert set(facts(sources.ttar(text, "fixtures"))[0]) == {"0000:3b:00.0"}


def test_lshw():
    card = {
        "class": "display",
        "businfo": "pci@0000:3b:00.0",
        "product": "GA107GL [A2 / A16] [10DE:25B6]",
        "configuration": {"driver": "nvidia"},
    }
    cards = facts(sources.lshw(json.dumps({"class": "system", "children": [{"class": "bus", "children": [card]}]})))[0]
    assert (cards["0000:3b:00.0"]["product_id"], cards["0000:3b:00.0"]["driver"]) == ("25b6", "nvidia")
