# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import guest_units, quadlets, xen
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_containers import (
    seen,
    uses,
)
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    CARD,
    VF0,
    VF1,
)

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


@pytest.mark.parametrize("path", ["etc/rc.local", "etc/rc.d/rc.local"])
def test_guest_that_the_system_starts_at_boot(simulated, path):
    files = {path: "#!/bin/sh\nqemu-system-x86_64 -daemonize -device vfio-pci,host=41:00.2\nexit 0\n"}
    (use,) = seen(simulated, files)
    assert (use.subject, use.ended_by, use.advice) == (VF0, EVERY_EFFECT, f"remove the device from /{path}")


TEMPLATE = "etc/systemd/system/qemu@.service"
START = "ExecStart=/usr/bin/qemu-system-x86_64 -name %i $args\n"


@pytest.mark.parametrize(
    ("unit", "file", "text", "found"),
    [
        # The template of the QEMU page of the ArchWiki.
        (
            f"EnvironmentFile=/etc/conf.d/qemu.d/%i\n{START}",
            "etc/conf.d/qemu.d/web1",
            'args="-device vfio-pci,host=41:00.2"\n',
            {VF0: EVERY_EFFECT},
        ),
        (f"EnvironmentFile=-/etc/vms/%I.env\n{START}", "etc/vms/web1.env", "CARD=0000:41:00.2\n", {VF0: EVERY_EFFECT}),
        (f"EnvironmentFile=/etc/vms/%i/env\n{START}", "etc/vms/web1/env", "CARD=0000:41:00.2\n", {VF0: EVERY_EFFECT}),
        (f"EnvironmentFile=/etc/vms/%i.env\n{START}", "etc/vms/web1.env", "#CARD=0000:41:00.2\n", {}),
        (f"EnvironmentFile=/etc/vms/%i.env\n{START}", "etc/vms/web1.old", "CARD=0000:41:00.2\n", {}),
        ("EnvironmentFile=/etc/vms/%i\nExecStart=/usr/bin/x $CARD\n", "etc/vms/web1", "CARD=0000:41:00.2\n", {}),
        (
            "EnvironmentFile=/etc/default/%i\nExecStart=/usr/bin/docker run $OPTIONS web\n",
            "etc/default/web1",
            "OPTIONS=--rm --device /dev/dri/renderD128\n",
            {CARD: LOSES_DRIVER},
        ),
    ],
)
def test_devices_in_files_with_variables(simulated, unit, file, text, found):
    files = {TEMPLATE: f"[Service]\n{unit}", file: text}
    assert uses(simulated, files) == found
    assert all(one.advice == f"remove the device from /{file}" for one in seen(simulated, files))
    assert all(one.holder.guest == "web1" for one in seen(simulated, files))
    fixed = {GUEST: unit.replace("%i", "web1").replace("%I", "web1"), file: text}
    assert uses(simulated, fixed) == found


def test_variables_of_a_unit_without_a_guest_are_not_read(simulated):
    text = "EnvironmentFile=/srv/app/%i/env\nEnvironmentFile=/srv/app/env\nExecStart=/usr/bin/app\n"
    host = simulated("empty", files={GUEST: text, TEMPLATE: text, "srv/app/env": "A=1\n", "srv/app/web1/env": "A=1\n"})
    guest_units.guests(host.root())
    assert not [path for path in host.files.reads if path.startswith("srv/app")]


@pytest.mark.parametrize(
    "read",
    [
        lambda text: list(guest_units.in_unit(text)),
        lambda text: list(guest_units.in_script(text)),
        lambda text: list(xen.references(text)),
        lambda text: list(quadlets.in_quadlet(text)),
        guest_units.GUEST_PROGRAM.search,
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
