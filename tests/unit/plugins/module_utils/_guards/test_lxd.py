# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import lxd
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_containers import (
    seen,
    uses,
)
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    AUDIO,
    CARD,
    UUID,
    VF0,
    VF1,
)

POOL = "var/lib/incus/storage-pools/default"
BACKUP = f"{POOL}/virtual-machines/web1/backup.yaml"


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
    ("base", "name", "running", "advice"),
    [
        (
            "var/lib/incus",
            "p1_web1",
            True,
            "stop it with incus stop web1 --project p1, and remove the device with incus config device remove web1 "
            "NAME --project p1",
        ),
        ("var/lib/incus", "web1", False, "remove the device with incus config device remove web1 NAME"),
        (
            "var/snap/lxd/common/lxd",
            "web1",
            True,
            "stop it with lxc stop web1, and remove the device with lxc config device remove web1 NAME",
        ),
    ],
)
def test_advice_for_an_instance(simulated, base, name, running, advice):
    files = {
        f"{base}/storage-pools/default/containers/{name}/backup.yaml": backup("type: pci", "address: 0000:41:00.3")
    }
    (use,) = seen(simulated, {**files, **({f"{base}/devices/{name}/x": ""} if running else {})})
    assert use.advice == advice


def test_instance_with_any_gpu_has_those_of_the_nvidia_driver_too():
    assert list(lxd.in_backup(backup("type: gpu"))) == [("file", "/dev/dri"), ("gpu", "all")]


@pytest.mark.parametrize(("kind", "effects"), [("containers", LOSES_DRIVER), ("virtual-machines", EVERY_EFFECT)])
def test_a_container_needs_the_driver_of_a_whole_function(simulated, kind, effects):
    path = f"{POOL}/{kind}/web1/backup.yaml"
    assert uses(simulated, {path: backup("type: gpu", 'pci: "0000:41:00.2"')}) == {VF0: effects}
