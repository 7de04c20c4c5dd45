# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._guards import open_devices
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_processes import add_process

FIRST_PATH, SECOND_PATH = "0000:61:00.0", "0000:62:00.0"
T4, SECOND, IGB = "0000:3b:00.0", "0000:af:00.0", "0000:01:00.1"


def observe(host):
    root = host.root()
    found = open_devices.observe(root, Scene(pci.observe(root), [], Processes(root)))
    return {(use.subject, use.holder.pid, use.holder.device_file): use.advice for use in found}


def add_class_device(tree, address, kind, name, number, devname=None):
    """Add a class device of a driver below a function."""
    path = f"{tree.resolve(f'sys/bus/pci/devices/{address}')[0]}/{kind}/{name}"
    tree.add(f"{path}/dev", Attribute(number.encode() + b"\n"))
    if devname:
        tree.add(f"{path}/uevent", Attribute(f"MAJOR=1\nDEVNAME={devname}\n".encode()))
    tree.link(f"sys/class/{kind}/{name}", path)


def test_gpu_that_a_program_computes_on(simulated):
    host = simulated("t4")
    tree = host.kernel.tree
    tree.add(f"proc/driver/nvidia/gpus/{T4}/information", Attribute(b"Model: \t\t T4\nDevice Minor: \t 3\n"))
    add_process(tree, 70, "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia3")
    tree.add(f"proc/driver/nvidia/gpus/{SECOND}/information", Attribute(b"Device Minor: \t 1\n"))
    add_process(tree, 71, "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0")
    assert observe(host) == {(T4, 70, "/dev/nvidia3"): "stop the process, for example with kill 70"}


@pytest.mark.parametrize("opened", ["/dev/nvidia5", "/dev/nvidia0"])
def test_gpus_whose_numbers_the_driver_does_not_say_may_be_any(simulated, opened):
    host = simulated("t4")
    add_process(host.kernel.tree, 70, "/dev/nvidiactl", opened)
    assert list(observe(host)) == [(T4, 70, opened), (SECOND, 70, opened)]


@pytest.mark.parametrize(
    ("kind", "name", "devname", "opened"),
    [
        ("drm", "renderD128", "dri/renderD128", "/dev/dri/renderD128"),
        ("infiniband_verbs", "uverbs0", "infiniband/uverbs0", "/dev/infiniband/uverbs0"),
        ("infiniband_mad", "umad0", "infiniband/umad0", "/dev/infiniband/umad0"),
        ("drm", "card1", "dri/card1", "/dev/dri/card1"),
        ("nvme", "nvme3", None, "/dev/nvme3"),
        ("nvme-generic", "ng3n1", None, "/dev/ng3n1"),
        ("scsi_generic", "sg2", None, "/dev/sg2"),
        ("ptp", "ptp0", None, "/dev/ptp0"),
        ("sound", "pcmC1D3p", "snd/pcmC1D3p", "/dev/snd/pcmC1D3p"),
        ("accel", "accel0", "accel/accel0", "/dev/accel/accel0"),
        ("habanalabs", "hl0", None, "/dev/hl0"),
        ("vhost-vdpa", "vhost-vdpa-0", None, "/dev/vhost-vdpa-0"),
        ("of_a_new_driver", "new0", "new/zero", "/srv/jail/dev/new/zero"),
        ("of_a_new_driver", "new0", None, "/dev/new0 (deleted)"),
    ],
)
def test_device_file_of_any_driver(simulated, kind, name, devname, opened):
    host = simulated("nics")
    add_class_device(host.kernel.tree, IGB, kind, name, "500:7", devname)
    add_process(host.kernel.tree, 70, opened)
    add_process(host.kernel.tree, 71, opened, command="systemd-udevd")
    add_process(host.kernel.tree, 72, "/dev/null")
    assert list(observe(host)) == [(IGB, 70, opened)]


def test_device_file_of_a_drive_with_several_controllers(simulated):
    host = simulated("nvme")
    tree = host.kernel.tree
    subsystem = "sys/devices/virtual/nvme-subsystem/nvme-subsys0"
    tree.add(f"{subsystem}/ng0n1/dev", Attribute(b"237:0\n"))
    tree.link("sys/class/nvme-generic/ng0n1", f"{subsystem}/ng0n1")
    tree.link("sys/class/nvme-subsystem/nvme-subsys0", subsystem)
    for number, address in enumerate((FIRST_PATH, SECOND_PATH)):
        tree.link(f"{subsystem}/nvme{number}", f"{tree.resolve(f'sys/bus/pci/devices/{address}')[0]}/nvme/nvme{number}")
    add_process(tree, 70, "/dev/ng0n1")
    assert {(subject, pid) for subject, pid, _file in observe(host)} == {(FIRST_PATH, 70), (SECOND_PATH, 70)}


def test_compute_device_of_amd_is_that_of_each_gpu(simulated):
    profile = {
        "functions": [
            {"address": gpu, "vendor": "1002", "device": "740f", "class_code": "038000", "driver": "amdgpu"}
            for gpu in ("0000:03:00.0", "0000:83:00.0")
        ]
    }
    host = simulated(profile)
    tree = host.kernel.tree
    tree.add("sys/devices/virtual/kfd/kfd/dev", Attribute(b"234:0\n"))
    tree.link("sys/class/kfd/kfd", "sys/devices/virtual/kfd/kfd")
    add_process(tree, 70, "/dev/kfd")
    assert set(observe(host)) == {("0000:03:00.0", 70, "/dev/kfd"), ("0000:83:00.0", 70, "/dev/kfd")}


@pytest.mark.parametrize(("opened", "found"), [("/dev/nvidia-nvswitch1", True), ("/dev/nvidia-nvswitchctl", False)])
def test_switches_of_gpus(simulated, opened, found):
    switches = ["0000:05:00.0", "0000:06:00.0"]
    profile = {
        "functions": [{"address": one, "vendor": "10de", "device": "22a3", "class_code": "068000"} for one in switches]
    }
    host = simulated(profile)
    for one in switches:
        # The simulator has no such driver.
        path = host.kernel.tree.resolve(f"sys/bus/pci/devices/{one}")[0]
        host.kernel.tree.link(f"{path}/driver", "sys/bus/pci/drivers/nvidia-nvswitch")
    add_process(host.kernel.tree, 70, opened, command="nv-fabricmanage")
    advice = "stop it with systemctl stop nvidia-fabricmanager"
    assert observe(host) == ({(one, 70, opened): advice for one in switches} if found else {})


def test_mapped_region_of_a_function_without_driver(simulated):
    host = simulated("nics")
    path = host.kernel.tree.resolve(f"sys/bus/pci/devices/{IGB}")[0]
    add_process(host.kernel.tree, 70, maps=f"7f00-7f01 rw-s 0 00:05 311 /{path}/resource0\n".encode())
    assert list(observe(host)) == [(IGB, 70, f"/{path}/resource0")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make device files")
def test_device_is_known_by_its_number(tmp_path):
    """The name of the file does not matter."""
    card = tmp_path / "sys/devices/pci0000:00/0000:00:01.0"
    for directory in (card, tmp_path / "sys/bus/pci/devices", tmp_path / "sys/dev/char", tmp_path / "proc/70/fd"):
        directory.mkdir(parents=True)
    (card / "uevent").touch()
    (tmp_path / "sys/bus/pci/devices/0000:00:01.0").symlink_to("../../../devices/pci0000:00/0000:00:01.0")
    (tmp_path / "sys/dev/char/1:5").symlink_to("../../devices/pci0000:00/0000:00:01.0/zero/zero0")
    (tmp_path / "srv/dev").mkdir(parents=True)
    os.mknod(tmp_path / "srv/dev/anything", 0o600 | 0o020000, os.makedev(1, 5))
    (tmp_path / "proc/70/fd/3").symlink_to("/srv/dev/anything")
    root = HostRoot(str(tmp_path))
    (use,) = open_devices.observe(root, Scene(pci.observe(root), [], Processes(root)))
    assert (use.subject, use.holder.pid) == ("0000:00:01.0", 70)
