# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of pods in the kubelet checkpoint and in files of other Kubernetes programs.

A device id is an address, a GPU UUID or a private name of the device plugin. For a private name, the recorded answer of
the plugin contains the device files and addresses of the container.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._core import json_text
from .._core.grammar import PCI_ADDRESS, UUID
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .._model.uses import Holder, Unseen, Use
from . import pod_files
from .base import Scene
from .referenced_devices import DEVICE, DEVICE_FILE, FILE, GPU, GPU_UUID, Reference, subjects

NAME = "kubernetes"

# Including k0s and MicroK8s.
KUBELETS = ("var/lib/kubelet", "var/lib/k0s/kubelet", "var/snap/microk8s/common/var/lib/kubelet")
CHECKPOINT = "device-plugins/kubelet_internal_checkpoint"
# A part of a GPU; its UUID does not identify the GPU.
PART_OF_GPU = lazy_pattern(r"\AMIG-")
NAMED = lazy_pattern(
    r"(?<![0-9a-f:-])(?:[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)


class Given(NamedTuple):
    """The devices of one resource of one container."""

    pod: str
    container: str
    resource: str
    devices: tuple[str, ...]
    answer: str


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for each device of each pod on this node."""
    if not host.may_start_daemons and not scene.processes.named("kubelet"):
        # During boot, the checkpoint still lists the pods of the previous boot.
        return
    for kubelet in KUBELETS:
        path = f"{kubelet}/{CHECKPOINT}"
        if not host.exists(path):
            continue
        try:
            found = parse(host.read(path) or "")
        except ValueError:
            yield Unseen(
                NAME, f"the devices of pods are unknown: /{path} cannot be read, or is not a checkpoint. Drain the node"
            )
            continue
        for given in found:
            # The kubelet keeps deleted pods in the checkpoint until another pod gets a device.
            if host.exists(f"{kubelet}/pods/{given.pod}") or not host.exists(f"{kubelet}/pods"):
                yield from _uses(host, scene, given)
    for left in pod_files.read(host):
        if left.is_unknown:
            yield Unseen(
                NAME,
                f"the devices of a pod are unknown: /{left.path} is not JSON. Remove the file if there is no such pod",
            )
            continue
        holder = Holder(None, None, f"{left.path.rpartition('/')[2]} of a pod", running=True)
        advice = f"delete the pod, or remove /{left.path} if there is no such pod"
        for subject, effects in subjects(host, scene.functions, left.references).items():
            yield Use(subject, NAME, effects, advice, holder)


def parse(text: str) -> list[Given]:
    """Return the entries of a checkpoint; raise ``ValueError`` for other text."""
    try:
        entries = json_text.load(text)["Data"]["PodDeviceEntries"] or []
        return [_given(entry) for entry in entries]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(repr(error)) from None


def _given(entry: Any) -> Given:
    devices = entry["DeviceIDs"] or []
    # Grouped by NUMA node since Kubernetes 1.20.
    groups = [group or [] for group in (devices.values() if isinstance(devices, dict) else [devices])]
    if not all(isinstance(group, list) for group in groups):
        raise TypeError("DeviceIDs")
    try:
        answer = base64.b64decode(entry.get("AllocResp") or "").decode(errors="replace")
    except (binascii.Error, ValueError):
        answer = ""
    return Given(
        pod=str(entry["PodUID"]),
        container=str(entry.get("ContainerName")),
        resource=str(entry.get("ResourceName")),
        devices=tuple(str(device) for group in groups for device in group),
        answer=answer,
    )


def _uses(host: HostRoot, scene: Scene, given: Given) -> Iterator[Use]:
    holder = Holder(None, None, f"{given.container} of pod {given.pod}", running=True)
    advice = f"delete the pod, which uses it as {given.resource}"
    references = [Reference(DEVICE, device) for device in given.devices if _is_device(device)]
    references += [Reference(DEVICE, name) for name in NAMED.findall(given.answer)]
    references += [Reference(FILE, path) for path in DEVICE_FILE.findall(given.answer)]
    references += [Reference(GPU, name) for device in given.devices for name in _gpus(device)]
    for subject, effects in subjects(host, scene.functions, references).items():
        yield Use(subject, NAME, effects, advice, holder)


def _gpus(device: str) -> list[str]:
    return GPU_UUID.findall(device) or PART_OF_GPU.findall(device)


def _is_device(text: str) -> bool:
    return bool(PCI_ADDRESS.match(text.lower()) or UUID.match(text.lower()))
