# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from textwrap import indent

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import containers, lxd
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER, Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_containers import (
    seen,
    uses,
)
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    AUDIO,
    CARD,
    FUNCTIONS,
    UUID,
    VF0,
    VF1,
    add_links,
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


CARD_OF_VM = {"name": "web1", "project": "default", "status": "Stopped"}
PASSED = {"type": "pci", "address": "0000:41:00.2"}


def ask(simulated, base, answers, files=(), missing=()):
    """Return what the guard sees if the daemon runs and its program gives these answers."""
    host = simulated("empty", files={"proc/7/comm": "incusd" if "incus" in base else "lxd", **dict(files)})
    add_links(host.kernel.tree)
    host.tools.missing.update(missing)
    host.tools.answers = {command: json.dumps(answer) for command, answer in answers.items()}
    if not answers:
        host.tools.failures = {"": "Error: Get unix.socket: connection refused"}
    root = host.root()
    return list(containers.observe(root, Scene(FUNCTIONS, [], Processes(root))))


@pytest.mark.parametrize(
    ("base", "program", "missing"),
    [
        ("var/lib/incus", "incus", ()),
        ("var/snap/lxd/common/lxd", "snap/bin/lxc", ()),
        ("var/lib/lxd", "lxc", ()),
        ("var/snap/lxd/common/lxd", "lxc", ("snap/bin/lxc",)),
    ],
)
def test_instances_of_a_pool_that_is_not_mounted(simulated, base, program, missing):
    """The pools of ZFS and LVM, and those of the snap."""
    directories = {f"{base}/storage-pools/default/containers/{name}/x": "" for name in ("web1", "p1_web1", "empty")}
    instances = [
        {**CARD_OF_VM, "expanded_devices": {"one": PASSED, "root": {"type": "disk", "path": "/"}}},
        {
            **CARD_OF_VM,
            "project": "p1",
            "status": "Running",
            "expanded_config": {"volatile.eth1.last_state.pci.slot.name": "0000:41:00.3"},
        },
        {**CARD_OF_VM, "name": "empty", "expanded_devices": {}},
        {**CARD_OF_VM, "name": "of-another-member", "expanded_devices": {"one": {"type": "gpu"}}},
    ]
    found = ask(simulated, base, {f"{program} query local:/1.0/instances?": instances}, directories, missing)
    assert {(use.subject, use.holder.guest, use.holder.running) for use in found} == {
        (VF0, "web1", False),
        (VF1, "p1_web1", True),
    }


@pytest.mark.parametrize(
    ("answers", "known"),
    [({}, 0), ({"incus query": {"error": "x"}}, 0), ({"incus query": [{**CARD_OF_VM, "name": "web2"}]}, 1)],
)
def test_instances_that_the_daemon_does_not_report_are_unknown(simulated, answers, known):
    directories = {f"{POOL}/containers/{name}/x": "" for name in ("web1", "web2")}
    (found,) = ask(simulated, POOL, answers, directories)
    assert isinstance(found, Unseen)
    assert found.sentence.startswith(f"the devices of instance web1{'' if known else ' and 1 more'} are unknown")
    assert ("connection refused" in found.sentence) is (answers == {})


@pytest.mark.parametrize(("location", "found"), [("none", {VF0}), ("host1", {VF0}), ("host2", set()), (None, {Unseen})])
def test_pool_that_is_mounted_only_for_the_snap(simulated, location, found):
    base = "var/snap/lxd/common/lxd"
    # The simulator has no empty directories, so a file stands for the pool.
    files = {f"{base}/storage-pools/default": "", "etc/hostname": "host1.example.com\n"}
    instance = {**CARD_OF_VM, "location": location, "expanded_devices": {"one": PASSED}}
    seen = ask(simulated, base, {"snap/bin/lxc query": [instance]} if location else {}, files)
    assert {one.subject if location else type(one) for one in seen} == found
    assert all("instances in storage pool default are" in one.sentence for one in seen if not location)


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ({"type": "sriov", "config": {"parent": "ens2f0"}}, {VF0, VF1}),
        ({"type": "macvlan", "config": {"parent": "ens2f0v1"}}, {VF1}),
        ({"type": "bridge", "config": {}}, set()),
        ({"type": "ovn", "config": {"parent": "ens2f0"}}, set()),
    ],
)
def test_networks_of_the_daemon(simulated, network, found):
    files = {BACKUP: backup("type: nic", "network: net1")}
    answers = {"incus query local:/1.0/networks?": [{"name": "net1", **network}]}
    assert {use.subject for use in ask(simulated, POOL, answers, files)} == found
    # The daemon has a directory for each of its bridges, and is not asked for them.
    assert ask(simulated, POOL, answers, {**files, "var/lib/incus/networks/net1/dnsmasq.leases": ""}) == []


@pytest.mark.parametrize(
    ("files", "unseen"),
    [
        ({f"{POOL}/containers/web1/x": ""}, 0),
        ({BACKUP: "", "proc/7/comm": "incusd"}, 0),
    ],
)
def test_instances_without_a_copy_do_not_count_if_no_daemon_runs(simulated, files, unseen):
    found = seen(simulated, files)
    assert [isinstance(one, Unseen) and "web1" in one.sentence for one in found] == [True] * unseen
