# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import kubernetes
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER, Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    CARD,
    FUNCTIONS,
    GPU,
    UUID,
    VF0,
    VF1,
    add_links,
)

POD = "0f0e0d0c-1111-2222-3333-444455556666"
CHECKPOINT = "var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"


def checkpoint(devices, answer=b"", pod=POD):
    entry = {"PodUID": pod, "ContainerName": "app", "ResourceName": "example.org/port", "DeviceIDs": devices}
    entry["AllocResp"] = base64.b64encode(answer).decode()
    return json.dumps({"Data": {"PodDeviceEntries": [entry], "RegisteredDevices": {"x": []}}, "Checksum": 1})


def observe(simulated, files, **scene):
    host = simulated("empty", files=files)
    add_links(host.kernel.tree)
    root = host.root()
    return root, Scene(FUNCTIONS, [], Processes(root), **scene)


def uses(simulated, files, **scene):
    found = list(kubernetes.observe(*observe(simulated, files, **scene)))
    return {use.subject: use.ended_by for use in found}


@pytest.mark.parametrize(
    ("devices", "answer", "found"),
    [
        ({"0": [VF0], "1": [VF1]}, b"", {VF0: EVERY_EFFECT, VF1: EVERY_EFFECT}),
        ([VF0], b"", {VF0: EVERY_EFFECT}),
        ({"-1": [GPU]}, b"", {CARD: LOSES_DRIVER}),
        ({"-1": [f"{GPU}::3"]}, b"", {CARD: LOSES_DRIVER}),
        ({"-1": ["GPU-2f0a4d5e-0000-4000-8000-000000000002"]}, b"", {}),
        ({"-1": ["MIG-2f0a4d5e-0000-5000-8000-000000000002"]}, b"", {CARD: LOSES_DRIVER}),
        ({"-1": [UUID]}, b"", {UUID: EVERY_EFFECT}),
        # A plugin with device ids of its own.
        (
            {"-1": ["card0-0"]},
            b"\x12\x2a\n\x13/dev/dri/renderD128\x12\x13/dev/dri/renderD128\x1a\x03mrw",
            {CARD: LOSES_DRIVER},
        ),
        ({"-1": ["12"]}, b"\n\x20\n\x0fPCI_RESOURCE_X\x12\x0c0000:41:00.3", {VF1: EVERY_EFFECT}),
        ({"-1": ["fuse-7"]}, b"\n\x09/dev/fuse", {}),
        (None, b"", {}),
    ],
)
def test_devices_of_a_pod(simulated, devices, answer, found):
    assert uses(simulated, {CHECKPOINT: checkpoint(devices, answer)}) == found


def test_pod_is_named(simulated):
    (use,) = kubernetes.observe(*observe(simulated, {CHECKPOINT: checkpoint([VF0])}))
    assert (use.holder.guest, use.holder.running) == (f"app of pod {POD}", True)
    assert "delete the pod, which uses it as example.org/port" in use.advice


@pytest.mark.parametrize(("pod", "counts"), [(POD, True), ("another", False)])
def test_pod_that_has_gone_has_nothing(simulated, pod, counts):
    files = {CHECKPOINT: checkpoint([VF0]), f"var/lib/kubelet/pods/{pod}/etc-hosts": ""}
    assert bool(uses(simulated, files)) is counts


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Data": {}}', '{"Data": {"PodDeviceEntries": [1]}}'])
def test_checkpoint_that_is_none_tells_nothing(simulated, text):
    (unseen,) = kubernetes.observe(*observe(simulated, {CHECKPOINT: text}))
    assert isinstance(unseen, Unseen)
    assert f"/{CHECKPOINT} cannot be read" in unseen.sentence


@pytest.mark.parametrize(("files", "counts"), [({}, False), ({"proc/7/comm": "kubelet"}, True)])
def test_pods_from_before_a_boot_have_nothing(simulated, files, counts):
    root, scene = observe(simulated, {CHECKPOINT: checkpoint([VF0]), **files})
    root.may_start_daemons = False
    assert bool(list(kubernetes.observe(root, scene))) is counts


def test_pods_run_and_count_while_work_goes_on(simulated):
    assert uses(simulated, {CHECKPOINT: checkpoint([VF0])}, configured=False) == {VF0: EVERY_EFFECT}


@pytest.mark.parametrize("kubelet", ["kubelet", "other"])
def test_devices_in_files_of_network_plugins(simulated, kubelet):
    files = {"var/lib/cni/multus/c1": json.dumps([{"type": "host-device", "pciBusID": VF0}]), "proc/7/comm": kubelet}
    root, scene = observe(simulated, files)
    root.may_start_daemons = False
    found = list(kubernetes.observe(root, scene))
    # Early at boot, before the kubelet runs, there are no pods.
    assert [(one.subject, one.holder.guest) for one in found] == [(VF0, "c1 of a pod")] * (kubelet == "kubelet")
    assert all("remove /var/lib/cni/multus/c1" in one.advice for one in found)
