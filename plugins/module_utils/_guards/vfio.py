# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find functions and mdevs that are open through VFIO or UIO, and vGPU guests that the NVIDIA driver reports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.grammar import FUNCTION_IN_PATH
from .._core.patterns import lazy_pattern
from .._devices import iommu, pci
from .._frameworks import mdev_view
from .._host.root import HostRoot
from .._model.uses import EVERY_EFFECT, Holder, Unseen, Use
from . import stopping
from .base import Scene
from .processes import OPEN_DEVICE, Opened, Processes

NAME = "vfio"

# /dev/vfio/<group>, /dev/vfio/noiommu-<group> (drivers/vfio/group.c), /dev/vfio/devices/vfio<N> (device_cdev.c) and
# /dev/uio<N>, which DPDK can use (drivers/uio/uio.c). Processes with another root have a prefix, and removed files that
# are still open have a suffix (fs/d_path.c).
NODE = lazy_pattern(
    r"/dev/(?:vfio/(?:noiommu-)?(?P<group>\d{1,9})|vfio/devices/(?P<vfio>vfio\d{1,9})|(?P<uio>uio\d{1,9}))"
    r"(?: \(deleted\))?\Z"
)
# Newer kernels name the device in fdinfo (drivers/vfio/vfio_main.c, vfio_device_show_fdinfo).
DEVICE_PATH = lazy_pattern(r"^vfio-device-syspath:\s*\S*/([^/\s]+)\s*$", re.MULTILINE)


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield uses by processes. A process with an open group uses all its devices: groups are passed through whole."""
    members = _group_members(scene)
    held: dict[str, dict[int, Holder]] = {}
    for process, opened in _by_process(scene.processes).items():
        for device in _held_by(host, scene.processes, opened, members):
            if device is None:
                yield Unseen(
                    NAME, f"process {process} has a VFIO device open, and this kernel does not report which one"
                )
            else:
                held.setdefault(device, {})[process] = scene.processes.holder(process)
    for device, holders in held.items():
        for process in sorted(holders):
            holder = holders[process]
            yield Use(device, NAME, EVERY_EFFECT, stopping.advice(host, holder), holder)
    for device, path in _vgpu_paths(scene).items():
        # The driver reports a name only while a guest runs; some driver versions lack this attribute.
        name = f"{path}/nvidia/vm_name"
        guest = host.read_line(name, optional=True)
        # A device whose attribute is unreadable counts as in use.
        if (guest or host.unread(name)) and device not in held:
            yield Use(device, NAME, EVERY_EFFECT, stopping.GUEST, Holder(None, None, guest, running=True))


def _group_members(scene: Scene) -> dict[int, list[str]]:
    members: dict[int, list[str]] = {}
    for function in scene.functions.values():
        if function.iommu_group is not None:
            members.setdefault(function.iommu_group, []).append(function.address)
    for device in scene.devices:
        if device.uuid and device.iommu_group is not None:
            members.setdefault(device.iommu_group, []).append(device.uuid)
    return members


def _vgpu_paths(scene: Scene) -> dict[str, str]:
    """Map each device of the NVIDIA driver to its directory, by address or UUID."""
    paths = {}
    for device in scene.devices:
        if device.address:
            paths[device.address] = f"{pci.DEVICES}/{device.address}"
        elif device.state == "active" and str(device.type_id).startswith("nvidia-"):
            paths[device.id] = f"{mdev_view.DEVICES}/{device.id}"
    return paths


def _by_process(processes: Processes) -> dict[int, list[tuple[str, Opened]]]:
    found: dict[int, list[tuple[str, Opened]]] = {}
    for target, having in processes.device_files.items():
        if target == OPEN_DEVICE or NODE.search(target):
            for opened in having:
                found.setdefault(opened.process, []).append((target, opened))
    return found


def _held_by(
    host: HostRoot, processes: Processes, opened: list[tuple[str, Opened]], members: dict[int, list[str]]
) -> Iterator[str | None]:
    """Yield the devices that one process has open; None for an unknown device."""
    by_node = False
    for target, one in opened:
        node = NODE.search(target)
        for device in _devices_of_node(host, node, members) if node and processes.is_open(one) else ():
            by_node = True
            yield device
    if by_node:
        return
    # A process may have closed the group but keep a device open.
    for target, one in opened:
        if target == OPEN_DEVICE:
            named = DEVICE_PATH.search(processes.fdinfo(one))
            yield named[1] if named else None


def _devices_of_node(host: HostRoot, node: re.Match[str], members: dict[int, list[str]]) -> list[str]:
    if node["group"]:
        # Prefer the members in the scene to the kernel's list.
        group = int(node["group"])
        return members.get(group) or host.names(f"{iommu.GROUPS}/{group}/devices")
    if node["vfio"]:
        # sys/class/vfio-dev/vfio3 is a link to <device>/vfio-dev/vfio3.
        target = (host.link(f"sys/class/vfio-dev/{node['vfio']}") or "").split("/")
        return [target[-3]] if len(target) > 2 else []
    # sys/class/uio/uio3 is a link to <device>/uio/uio3.
    path = f"sys/class/uio/{node['uio']}"
    found = FUNCTION_IN_PATH.findall(host.link(path) or "")[-1:] or [host.link_name(f"{path}/device")]
    return [device for device in found if device]
