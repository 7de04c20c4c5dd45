# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import proxmox
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER, Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    AUDIO,
    CARD,
    FUNCTIONS,
    VF0,
    VF1,
    add_links,
)

NODE = {"etc/hostname": "pve1.example.org\n"}
CONFIGURED = "etc/pve/qemu-server/104.conf"
MDEV = "00000002-0000-0000-0000-000000000104"
MAPPING = (
    "gpu\n\tdescription two cards\n"
    "\tmap id=15b3:101d,iommugroup=1,node=pve1,path=0000:41:00.2\n"
    "\tmap id=15b3:101d,iommugroup=2,node=pve2,path=0000:41:00.3\n"
    "other\n\tmap id=15b3:101d,node=pve1,path=0000:41:00.0;0000:41:00.1\n"
)
USB_MAPPING = "stick\n\tmap id=046D:C52B,node=pve1\nport\n\tmap id=0000:0000,node=pve1,path=1-2\n"


def seen(simulated, files, at_boot=False, **scene):
    host = simulated("empty", files={**NODE, **files})
    add_links(host.kernel.tree)
    root = host.root()
    root.may_start_daemons = not at_boot
    return list(proxmox.observe(root, Scene(FUNCTIONS, [], Processes(root), **scene)))


def uses(simulated, files):
    return {one.subject: one.ended_by for one in seen(simulated, files)}


@pytest.mark.parametrize(
    ("line", "subjects"),
    [
        ("hostpci0: 0000:41:00.2,pcie=1", {VF0: EVERY_EFFECT}),
        ("hostpci15: host=41:00.2", {VF0: EVERY_EFFECT}),
        ("hostpci0: 41:00,x-vga=1", dict.fromkeys((CARD, AUDIO, VF0, VF1), EVERY_EFFECT)),
        ("hostpci0: 0000:41:00.2;41:00.3,rombar=0", {VF0: EVERY_EFFECT, VF1: EVERY_EFFECT}),
        ("hostpci0: mapping=gpu,pcie=1", {VF0: EVERY_EFFECT}),
        ("hostpci0: mapping=other", {CARD: EVERY_EFFECT, AUDIO: EVERY_EFFECT}),
        ("hostpci0: mapping=unknown", {}),
        ("hostpci2: 0000:41:00.0,mdev=nvidia-231", {MDEV: EVERY_EFFECT, CARD: LOSES_DRIVER}),
        ("hostpci2: mapping=gpu,mdev=nvidia-231", {MDEV: EVERY_EFFECT, VF0: LOSES_DRIVER}),
        ("args: -device vfio-pci,host=41:00.3", {VF1: EVERY_EFFECT}),
        ("scsi1: /dev/disk/by-id/nvme-spare,size=1T", {CARD: LOSES_DRIVER}),
        ("usb0: host=046D:C52B,usb3=1", {AUDIO: LOSES_DRIVER}),
        ("usb14: 1-2", {AUDIO: LOSES_DRIVER}),
        ("usb0: mapping=stick,usb3=1", {AUDIO: LOSES_DRIVER}),
        ("usb0: mapping=port", {AUDIO: LOSES_DRIVER}),
        ("usb0: mapping=unknown", {}),
        ("usb0: spice", {}),
        ("net0: virtio=BC:24:11:00:00:01,bridge=vmbr0", {}),
        ("[before]\nhostpci0: 41:00.2", {}),
        ("memory: 2048\n[PENDING]\nhostpci0: 41:00.2", {VF0: EVERY_EFFECT}),
        ("#hostpci0: 41:00.2", {}),
        ("hostpci0: 41:00.2\ntemplate: 1", {}),
    ],
)
@pytest.mark.parametrize("directory", ["etc/pve/qemu-server", "etc/pve/nodes/pve1/qemu-server"])
def test_devices_of_a_virtual_machine(simulated, directory, line, subjects):
    mappings = {"etc/pve/mapping/pci.cfg": MAPPING, "etc/pve/mapping/usb.cfg": USB_MAPPING}
    files = {f"{directory}/104.conf": f"name: web1\n{line}\n", **mappings}
    assert uses(simulated, files) == subjects


@pytest.mark.parametrize(
    ("line", "subjects"),
    [
        ("dev0: /dev/dri/renderD128,gid=104", {CARD: LOSES_DRIVER}),
        ("lxc.mount.entry: /dev/dri dev/dri none bind,optional,create=dir", {CARD: LOSES_DRIVER, AUDIO: LOSES_DRIVER}),
        ("lxc.net.0.link: ens2f0v1", {VF1: LOSES_DRIVER}),
        ("rootfs: local-lvm:vm-105-disk-0,size=8G", {}),
    ],
)
def test_devices_of_a_container(simulated, line, subjects):
    assert uses(simulated, {"etc/pve/lxc/105.conf": f"hostname: ct\n{line}\n"}) == subjects


@pytest.mark.parametrize(
    ("hostname", "counts"), [("pve1", True), ("PVE1.example.org", True), ("pve2", False), ("", True), ("renamed", True)]
)
def test_guests_of_other_nodes_have_other_cards(simulated, hostname, counts):
    files = {
        "etc/hostname": hostname,
        "etc/pve/nodes/pve1/qemu-server/104.conf": "hostpci0: 41:00.2\n",
        "etc/pve/nodes/pve2/qemu-server/204.conf": "memory: 1\n",
    }
    assert bool(seen(simulated, files)) is counts


@pytest.mark.parametrize(
    ("files", "running"),
    [
        ({}, False),
        ({"run/qemu-server/104.pid": "70\n", "proc/70/comm": "kvm"}, True),
        ({"run/qemu-server/104.pid": "70\n"}, False),
        ({"proc/70/comm": "kvm", "proc/70/cmdline": "/usr/bin/kvm\x00-id\x00104\x00-name\x00web1\x00"}, True),
        ({"proc/70/comm": "kvm", "proc/70/cmdline": "/usr/bin/kvm\x00-id\x00105\x00"}, False),
    ],
)
def test_running_and_not(simulated, files, running):
    (use,) = seen(simulated, {CONFIGURED: "name: web1\nhostpci0: 41:00.2\n", **files})
    assert (use.holder.guest, use.holder.running) == ("web1", running)
    assert bool(seen(simulated, {CONFIGURED: "hostpci0: 41:00.2\n", **files}, at_boot=True)) is running
    assert ("qm shutdown 104" if running else "with qm set") in use.advice


def test_guest_without_a_name_has_that_of_its_process(simulated):
    (use,) = seen(simulated, {"etc/pve/qemu-server/104.conf": "hostpci0: 41:00.2\n"})
    assert use.holder.guest == "vm104"


@pytest.mark.parametrize(
    ("files", "unseen"),
    [
        ({}, 0),
        ({"var/lib/pve-cluster/config.db": ""}, 1),
        ({"var/lib/pve-cluster/config.db": "", "etc/pve/nodes/pve1/qemu-server/104.conf": ""}, 0),
    ],
)
def test_configurations_that_are_not_mounted_are_unknown(simulated, files, unseen):
    found = seen(simulated, files)
    assert [isinstance(one, Unseen) for one in found] == [True] * unseen


def test_guests_that_do_not_run_are_left_out_while_work_goes_on(simulated):
    assert seen(simulated, {"etc/pve/qemu-server/104.conf": "hostpci0: 41:00.2\n"}, configured=False) == []
