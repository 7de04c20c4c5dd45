# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from textwrap import indent

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import containers, quadlets, xen
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER, Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    AUDIO,
    CARD,
    FUNCTIONS,
    UUID,
    VF0,
    VF1,
    add_links,
)

NSPAWN = "etc/systemd/nspawn/web1.nspawn"
POOL = "var/lib/incus/storage-pools/default"
BACKUP = f"{POOL}/virtual-machines/web1/backup.yaml"


def seen(simulated, files, at_boot=False, **scene):
    host = simulated("empty", files=files)
    add_links(host.kernel.tree)
    root = host.root()
    root.may_start_daemons = not at_boot
    return list(containers.observe(root, Scene(FUNCTIONS, [], Processes(root), **scene)))


def uses(simulated, files, **scene):
    return {one.subject: one.ended_by for one in seen(simulated, files, **scene)}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[Files]\nBind=/dev/dri/renderD128", {CARD: LOSES_DRIVER}),
        ("[Files]\nBind=/dev/vfio/11:/dev/vfio/11", {VF0: LOSES_DRIVER}),
        ("[Files]\nBindReadOnly=-/dev/nvidia3", {CARD: LOSES_DRIVER}),
        ("[Files]\nBind=/srv/data", {}),
        ("[Network]\nInterface=ens2f0v1 other", {VF1: LOSES_DRIVER}),
        ("[Network]\nInterface=ens2f0v1:host0", {VF1: LOSES_DRIVER}),
        ("[Network]\n#Interface=ens2f0v1", {}),
    ],
)
def test_devices_of_nspawn(simulated, line, found):
    assert uses(simulated, {NSPAWN: f"{line}\n"}) == found


@pytest.mark.parametrize("running", [True, False])
def test_container_is_named(simulated, running):
    files = {NSPAWN: "Interface=ens2f0v1\n", **({"run/systemd/machines/web1": ""} if running else {})}
    (use,) = seen(simulated, files)
    assert (use.holder.guest, use.holder.running, "stop it" in use.advice) == ("web1", running, running)
    assert bool(seen(simulated, files, at_boot=True)) is running


LXC = "var/lib/lxc/web1/config"
UNIT = "etc/systemd/system/systemd-nspawn@web1.service"
GUEST = "etc/systemd/system/web1.service"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (LXC, "lxc.net.0.type = phys\nlxc.net.0.link = ens2f0v1\n", {VF1: LOSES_DRIVER}),
        (LXC, "lxc.cgroup2.devices.allow = c 226:128 rwm\n", {CARD: LOSES_DRIVER}),
        (
            f"{UNIT}.d/gpu.conf",
            "[Service]\nExecStart=\nExecStart=systemd-nspawn --bind=/dev/dri/renderD128 -M %i\n",
            {CARD: LOSES_DRIVER},
        ),
        (UNIT, "ExecStart=/usr/bin/systemd-nspawn --network-interface ens2f0v1:host0\n", {VF1: LOSES_DRIVER}),
        (UNIT, "ExecStart=/usr/bin/systemd-nspawn --bind=/srv:/srv\n", {}),
        (
            "etc/containers/systemd/web1.container",
            "[Container]\nAddDevice=/dev/dri/renderD128\n",
            {CARD: LOSES_DRIVER},
        ),
        # A guest without libvirt that does not run.
        (GUEST, "ExecStart=/usr/bin/qemu-system-x86_64 -device vfio-pci,host=41:00.2\n", {VF0: EVERY_EFFECT}),
        (
            GUEST,
            "ExecStart=cloud-hypervisor --cpus boot=4 --device path=/sys/bus/pci/devices/0000:41:00.2/\n",
            {VF0: EVERY_EFFECT},
        ),
        (
            GUEST,
            "ExecStart=/usr/bin/crosvm run --vfio /sys/bus/pci/devices/0000:41:00.2,iommu=on k\n",
            {VF0: EVERY_EFFECT},
        ),
        (GUEST, "ExecStartPre=/bin/echo host=41:00.2\n", {}),
        ("etc/xen/web1.cfg", "name = 'web1'\npci = [ '0000:41:00.2' ]\n", {VF0: EVERY_EFFECT}),
        (GUEST, "ExecStart=/usr/bin/docker run --rm \\\n  --device /dev/dri/renderD128 web\n", {CARD: LOSES_DRIVER}),
        (
            "root/.config/systemd/user/web1.service",
            "ExecStart=/usr/bin/podman run --name web1 --device /dev/dri/renderD128 web\n",
            {CARD: LOSES_DRIVER},
        ),
        (GUEST, "ExecStart=podman --log-level info run --device=/dev/vfio/11 web\n", {VF0: LOSES_DRIVER}),
        (GUEST, "ExecStop=/usr/bin/docker run --device /dev/dri/renderD128 web\n", {}),
        (GUEST, "ExecStart=/usr/bin/docker run web\n", {}),
        (GUEST, "Environment=CARD=0000:41:00.2\nExecStart=kvm -device vfio-pci,host=$CARD\n", {VF0: EVERY_EFFECT}),
        (GUEST, "# 0000:41:00.2 went to web2\n; 0000:41:00.2\nExecStart=/usr/bin/kvm -nographic\n", {}),
        (GUEST, "Description=formerly with 0000:41:00.2\nExecStart=/usr/bin/kvm -nographic\n", {}),
        ("etc/systemd/system/other.service", "ExecStart=x --bind=/dev/dri/renderD128\n", {}),
    ],
)
def test_devices_of_lxc_and_of_units(simulated, path, text, found):
    assert uses(simulated, {path: text}) == found
    assert all(one.holder.guest == "web1" for one in seen(simulated, {path: text}))


def test_instance_with_any_gpu_has_those_of_the_nvidia_driver_too():
    assert list(containers.in_backup(backup("type: gpu"))) == [("file", "/dev/dri"), ("gpu", "all")]


@pytest.mark.parametrize(
    ("start", "script", "found"),
    [
        (
            "/usr/local/bin/vm web1",
            "#!/bin/sh\nexec qemu-system-x86_64 -device vfio-pci,host=41:00.2\n",
            {VF0: EVERY_EFFECT},
        ),
        (
            "/bin/bash -e /usr/local/bin/vm",
            "CARD=0000:41:00.2\nkvm \\\n -device vfio-pci,host=$CARD\n",
            {VF0: EVERY_EFFECT},
        ),
        ("-/usr/local/bin/vm", "docker run --device /dev/dri/renderD128 web\n", {CARD: LOSES_DRIVER}),
        ("/usr/local/bin/vm", "# kvm -device vfio-pci,host=0000:41:00.2\nlspci -s 0000:41:00.2\n", {}),
        ("/usr/local/bin/vm", "modprobe kvm kvm_intel\necho 0000:41:00.2 >/sys/bus/pci/drivers/vfio-pci/bind\n", {}),
        ("/usr/local/bin/vm", "apt install qemu-system-x86 ovmf\nchmod 660 /dev/kvm -v\nlspci -s 0000:41:00.2\n", {}),
        ("/usr/local/bin/vm", "kvm $DISKS -device vfio-pci,host=41:00.2\n", {VF0: EVERY_EFFECT}),
        ("/usr/local/bin/vm", "\0ELF kvm -device vfio-pci,host=0000:41:00.2\n", {}),
        ("/usr/bin/vm /usr/local/bin/vm", "kvm -device vfio-pci,host=0000:41:00.2\n", {}),
    ],
)
def test_devices_of_a_script_that_a_unit_starts(simulated, start, script, found):
    files = {GUEST: f"[Service]\nExecStart={start}\n", "usr/local/bin/vm": script}
    assert uses(simulated, files) == found


@pytest.mark.parametrize(
    "read",
    [
        lambda text: list(containers.in_unit(text)),
        lambda text: list(containers.in_script(text)),
        lambda text: list(xen.references(text)),
        lambda text: list(quadlets.in_quadlet(text)),
        containers.GUEST_PROGRAM.search,
        quadlets.MANIFEST.findall,
    ],
)
@pytest.mark.parametrize(
    "text",
    ["\n" * 100000, "ExecStart=" + "docker x " * 12000, "ExecStart=kvm " + "path=/sys/" * 12000, "pci=[" * 20000],
)
def test_file_of_a_user_cannot_keep_a_run_busy(read, text):
    begin = time.process_time()
    read(text)
    # It takes milliseconds. Time that grows with the square of the length would be half a minute.
    assert time.process_time() - begin < 2


def backup(*lines):
    device = "\n".join(f"      {line}" for line in lines)
    root = "    root:\n      type: disk\n      path: /\n"
    return f"instance:\n  name: web1\n  devices:\n{root}    one:\n{device}\n  profiles:\n  - default\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (backup("type: gpu", "gputype: physical", 'pci: "0000:41:00.2"'), {VF0: EVERY_EFFECT}),
        (backup("type: gpu"), {CARD: LOSES_DRIVER, AUDIO: LOSES_DRIVER}),
        (backup("type: pci", "address: 0000:41:00.3"), {VF1: EVERY_EFFECT}),
        (backup("nictype: physical", "parent: ens2f0v1", "type: nic"), {VF1: LOSES_DRIVER}),
        (backup("nictype: sriov", "parent: ens2f0", "type: nic"), {VF0: LOSES_DRIVER, VF1: LOSES_DRIVER}),
        (backup("nictype: bridged", "parent: ens2f0", "type: nic"), {}),
        (backup("type: unix-char", "source: /dev/vhost-vdpa-0"), {VF0: LOSES_DRIVER}),
        ("instance:\n  config:\n    volatile.gpu0.vgpu.uuid: " + UUID + "\n", {UUID: EVERY_EFFECT}),
        ('    volatile.eth1.last_state.pci.slot.name: "0000:41:00.2"\n', {VF0: EVERY_EFFECT}),
        ("instance:\n  devices: {}\n  address: 0000:41:00.2\n", {}),
    ],
)
def test_devices_of_an_instance(simulated, text, found):
    assert uses(simulated, {BACKUP: text}) == found
    snapshot = f"container: {{}}\nsnapshots:\n- name: old\n{indent(text, '  ')}pool:\n  name: default\n"
    assert uses(simulated, {BACKUP: snapshot}) == {}
    assert uses(simulated, {BACKUP: f"{snapshot}{text}"}) == found


@pytest.mark.parametrize(
    ("base", "running", "advice"),
    [
        ("var/lib/incus", False, "remove the device with incus config device remove web1 NAME"),
        (
            "var/snap/lxd/common/lxd",
            True,
            "stop it with lxc stop web1, and remove the device with lxc config device remove web1 NAME",
        ),
    ],
)
def test_advice_for_an_instance(simulated, base, running, advice):
    files = {f"{base}/storage-pools/default/containers/web1/backup.yaml": backup("type: pci", "address: 0000:41:00.3")}
    (use,) = seen(simulated, {**files, **({f"{base}/devices/web1/x": ""} if running else {})})
    assert use.advice == advice


@pytest.mark.parametrize(
    ("files", "unseen"),
    [
        ({f"{POOL}/containers/web1/x": ""}, 0),
        ({f"{POOL}/containers/web1/x": "", "proc/7/comm": "incusd"}, 1),
        ({BACKUP: "", "proc/7/comm": "incusd"}, 0),
    ],
)
def test_instances_that_cannot_be_read_are_unknown_while_the_daemon_runs(simulated, files, unseen):
    found = seen(simulated, files)
    assert [isinstance(one, Unseen) and "web1" in one.sentence for one in found] == [True] * unseen


def test_guests_that_do_not_run_are_left_out_while_work_goes_on(simulated):
    assert seen(simulated, {NSPAWN: "Interface=ens2f0v1\n"}, configured=False) == []


ALL_DEVICES = "[Files]\nBind=/dev/vfio\n"


@pytest.mark.parametrize(
    ("asked", "driver", "count"), [(VF0, "vfio-pci", 1), (VF0, "igb_uio", 1), (VF0, "iavf", 0), (None, "vfio-pci", 0)]
)
def test_container_with_the_devices_of_all_cards_is_a_warning(simulated, asked, driver, count):
    host = simulated("empty", files={NSPAWN: ALL_DEVICES})
    functions = {**FUNCTIONS, VF0: FUNCTIONS[VF0]._replace(driver=driver)}
    root = host.root()
    scene = Scene(functions, [], Processes(root), frozenset([asked] if asked else []))
    root.may_start_daemons = False
    assert (list(containers.observe(root, scene)), root.warnings) == ([], [])
    root.may_start_daemons = True
    assert list(containers.observe(root, scene)) == []
    assert len(root.warnings) == count
    assert all("containers web1, because" in one and f"do not use {VF0}" in one for one in root.warnings)


def test_container_whose_devices_are_unknown(simulated):
    number = "3f" * 32
    files = {f"run/user/1000/containers/overlay-containers/{number}/userdata/pidfile": "77", "proc/77/comm": "web"}
    (found,) = seen(simulated, files)
    assert isinstance(found, Unseen) and "process 77" in found.sentence
