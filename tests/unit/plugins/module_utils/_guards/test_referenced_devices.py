# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.pci import PciFunction
from ansible_collections.vfio.devices.plugins.module_utils._guards import referenced_devices
from ansible_collections.vfio.devices.plugins.module_utils._guards.referenced_devices import Reference
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
GPU = "GPU-2f0a4d5e-0000-4000-8000-000000000001"
INFORMATION = f"Model: \t\t T4\nGPU UUID: \t {GPU}\nDevice Minor: \t 3\n"
CARD, VF0, VF1, AUDIO, FAR = "0000:41:00.0", "0000:41:00.2", "0000:41:00.3", "0000:41:00.1", "0001:41:00.0"


def function(address, card=None, driver="mlx5_core", group=None):
    return PciFunction(address, frozenset(), None, card, driver, group)


FUNCTIONS = {
    CARD: function(CARD, group=10),
    AUDIO: function(AUDIO, driver="amdgpu"),
    VF0: function(VF0, CARD, group=11),
    VF1: function(VF1, CARD, group=12),
    FAR: function(FAR),
}


def add_links(tree):
    """Add device files and interfaces of the functions."""
    for path, address, below in (
        ("sys/class/vhost-vdpa/vhost-vdpa-0", VF0, "vdpa0/vhost-vdpa-0"),
        ("sys/class/net/ens2f0", CARD, "net/ens2f0"),
        ("sys/class/net/ens2f0v1", VF1, "net/ens2f0v1"),
        ("sys/class/drm/renderD128", CARD, "drm/renderD128"),
        ("sys/class/drm/card1", AUDIO, "drm/card1"),
        ("sys/class/block/nvme0n1", CARD, "nvme/nvme0/nvme0n1"),
        ("sys/dev/char/226:128", CARD, "drm/renderD128"),
        ("sys/dev/char/226:1", AUDIO, "drm/card1"),
        ("sys/dev/block/259:0", CARD, "nvme/nvme0/nvme0n1"),
    ):
        target = f"sys/devices/pci0000:40/{address}/{below}"
        tree.add(f"{target}/dev", Attribute(b"1:1\n"))
        tree.link(path, target)
    usb = f"sys/devices/pci0000:40/{AUDIO}/usb1/1-2"
    for name, value in (("idVendor", "046d"), ("idProduct", "c52b"), ("busnum", "1"), ("devnum", "3")):
        tree.add(f"{usb}/{name}", Attribute(f"{value}\n".encode()))
    tree.add(f"{usb}/1-2:1.0/bInterfaceClass", Attribute(b"03\n"))
    for name in ("1-2", "1-2:1.0"):
        tree.link(f"sys/bus/usb/devices/{name}", usb if name == "1-2" else f"{usb}/{name}")
    tree.add(f"sys/devices/pci0001:40/{FAR}/host5/scsi_host/host5/state", Attribute(b"running\n"))
    tree.link("sys/class/scsi_host/host5", f"sys/devices/pci0001:40/{FAR}/host5/scsi_host/host5")
    tree.add("proc/driver/nvidia/gpus/0000:41:00.0/information", Attribute(INFORMATION.encode()))
    tree.add("dev/nvme0n1", Attribute(b""))
    tree.link("dev/disk/by-id/nvme-spare", "dev/nvme0n1")


@pytest.mark.parametrize(
    ("kind", "name", "found", "effects"),
    [
        ("device", "0000:41:00.2", [VF0], EVERY_EFFECT),
        ("device", UUID.upper(), [UUID], EVERY_EFFECT),
        ("device", "41:00.2", [VF0], EVERY_EFFECT),
        ("device", "0000:41:00", [CARD, AUDIO, VF0, VF1], EVERY_EFFECT),
        ("device", "0001:41:0", [FAR], EVERY_EFFECT),
        ("device", "anything", [], EVERY_EFFECT),
        ("file", "/dev/vhost-vdpa-0", [VF0], LOSES_DRIVER),
        ("file", "/dev/dri/renderD128", [CARD], LOSES_DRIVER),
        ("file", "/dev/dri", [CARD, AUDIO], LOSES_DRIVER),
        ("file", "/dev/vfio/12", [VF1], LOSES_DRIVER),
        ("file", "/dev/nvidia3", [CARD], LOSES_DRIVER),
        ("file", "/dev/nvidia0", [], LOSES_DRIVER),
        ("file", "/dev/kfd", [AUDIO], LOSES_DRIVER),
        ("file", "/dev/disk/by-id/nvme-spare", [CARD], LOSES_DRIVER),
        ("file", "/dev/null", [], LOSES_DRIVER),
        ("file", "/dev/dri/by-path/pci-0000:41:00.1-render", [AUDIO], LOSES_DRIVER),
        ("number", "c 226:128", [CARD], LOSES_DRIVER),
        ("number", "c 226:*", [CARD, AUDIO], LOSES_DRIVER),
        ("number", "c 22:*", [], LOSES_DRIVER),
        ("number", "b 259:0", [CARD], LOSES_DRIVER),
        ("number", "c 195:3", [CARD], LOSES_DRIVER),
        ("number", "c 195:*", [CARD], LOSES_DRIVER),
        ("number", "c 195:0", [], LOSES_DRIVER),
        ("usb device", "046d:c52b", [AUDIO], LOSES_DRIVER),
        ("usb device", "1.3", [AUDIO], LOSES_DRIVER),
        ("usb device", "1-2", [AUDIO], LOSES_DRIVER),
        ("usb device", "046d:c52c", [], LOSES_DRIVER),
        ("scsi host", "host5", [FAR], LOSES_DRIVER),
        ("scsi host", "host6", [], LOSES_DRIVER),
        ("port", CARD, [CARD], LOSES_DRIVER),
        ("port", AUDIO, [AUDIO], frozenset(["gone"])),
        ("gpu", "all", [CARD], LOSES_DRIVER),
        ("gpu", "0", [CARD], LOSES_DRIVER),
        ("gpu", "1", [], LOSES_DRIVER),
        ("gpu", GPU, [CARD], LOSES_DRIVER),
        ("gpu", GPU[:-1] + "2", [], LOSES_DRIVER),
        ("gpu", "MIG-" + GPU[4:], [CARD], LOSES_DRIVER),
        ("gpu", GPU + "/0", [CARD], LOSES_DRIVER),
        ("interface", "ens2f0v1", [VF1], LOSES_DRIVER),
        ("interface", "../ens2f0", [], LOSES_DRIVER),
        ("pool", "ens2f0", [VF0, VF1], LOSES_DRIVER),
    ],
)
def test_what_a_name_means(simulated, kind, name, found, effects):
    host = simulated("empty")
    add_links(host.kernel.tree)
    seen = referenced_devices.subjects(host.root(), FUNCTIONS, [Reference(kind, name)])
    assert seen == dict.fromkeys(found, effects)


def test_a_whole_device_counts_more_than_its_driver(simulated):
    host = simulated("empty")
    add_links(host.kernel.tree)
    named = [Reference("file", "/dev/vhost-vdpa-0"), Reference("device", VF0), Reference("file", "/dev/vhost-vdpa-0")]
    assert referenced_devices.subjects(host.root(), FUNCTIONS, named) == {VF0: EVERY_EFFECT}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("vfio-pci,host=41:00.2,id=x", [("device", "41:00.2")]),
        ("vfio-pci-nohotplug,host=0000:41:00.2", [("device", "0000:41:00.2")]),
        ('{"driver":"vfio-pci","host":"0000:41:00.2"}', [("device", "0000:41:00.2")]),
        (f"vfio-pci,sysfsdev=/sys/bus/mdev/devices/{UUID},display=on", [("device", UUID)]),
        ("vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=n", [("file", "/dev/vhost-vdpa-0")]),
        ("tcp:host=10.0.0.1,port=80", []),
    ],
)
def test_arguments_of_qemu(arguments, named):
    assert [(one.kind, one.name) for one in referenced_devices.in_command_line(arguments)] == named
