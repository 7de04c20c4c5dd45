# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Who holds a device: the processes that have it open through VFIO, and the guests that it belongs to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from .._devices import iommu as _iommu
from .._devices import pci as _pci
from .._frameworks import mdev as _mdev
from .._host.root import HostRoot
from . import libvirt as _libvirt

# /dev/vfio/<group>, /dev/vfio/noiommu-<group> (drivers/vfio/group.c), /dev/vfio/devices/vfio<N> (device_cdev.c) and
# /dev/uio<N>, through which DPDK may have a function (drivers/uio/uio.c). There are directories before it where a
# process has changed its root, and an end after it where the node was removed while it is open (fs/d_path.c).
NODE = re.compile(
    r"/dev/(?:vfio/(?:noiommu-)?(?P<group>\d{1,9})|vfio/devices/(?P<vfio>vfio\d{1,9})|(?P<uio>uio\d{1,9}))"
    r"(?: \(deleted\))?\Z"
)
UDEV = ("systemd-udevd", "(udev-worker)")
DISK = re.compile(r"/dev/([^/ ]+)(?: \(deleted\))?\Z")
OPEN_DEVICE = "anon_inode:[vfio-device]"
# Newer kernels tell the device in the fdinfo of an open one (drivers/vfio/vfio_main.c, vfio_device_show_fdinfo).
DEVICE_PATH = re.compile(r"^vfio-device-syspath:\s*\S*/([^/\s]+)\s*$", re.MULTILINE)
FLAGS = re.compile(r"^flags:\s*([0-7]+)\s*$", re.MULTILINE)
# How QEMU is told the name of its guest; libvirt writes guest=NAME,...
GUEST = re.compile(r"(?:^|,)guest=((?:[^,]|,,)*)")
BARE_GUEST = re.compile(r"((?:[^,]|,,)*)")


def observe(
    host: HostRoot, group_members: dict[int, list[str]], vgpu_paths: dict[str, str], domains: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """By device name (PCI address or UUID) its users: ``pid``, ``command``, ``domain`` and ``running``.

    A guest that only libvirt or NVIDIA's driver knows has neither pid nor command. ``group_members`` names the devices
    of each IOMMU group: a process that opened a group holds all of them, since only a whole group can be given to
    somebody else. ``vgpu_paths`` are the directories of the devices that NVIDIA's driver makes. Without ``domains``
    libvirt is not asked.
    """
    users = _processes(host, lambda process: _held_by(host, process, group_members))
    for device, having in _libvirt.observe(host).items() if domains else ():
        for domain in having:
            _add_guest(users.setdefault(device, []), domain["name"], domain["running"])
    for device, path in vgpu_paths.items():
        # Only while a guest runs on it the driver knows a name; some versions have no such attribute.
        guest = host.read(f"{path}/nvidia/vm_name", optional=True)
        if guest and not any(user["running"] for user in users.get(device, [])):
            _add_guest(users.setdefault(device, []), guest, running=True)
    return users


def of_devices(
    host: HostRoot, functions: dict[str, _pci.PciFunction], devices: list[dict[str, Any]], domains: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """The users of each PCI function and device that has some, by address or UUID; see :func:`observe`."""
    members: dict[int, list[str]] = {}
    for function in functions.values():
        if function.iommu_group is not None:
            members.setdefault(function.iommu_group, []).append(function.address)
    vgpu_paths = {}
    for device in devices:
        if device["uuid"] and device["iommu_group"] is not None:
            members.setdefault(device["iommu_group"], []).append(device["uuid"])
        if device["address"]:
            vgpu_paths[device["address"]] = f"{_pci.DEVICES}/{device['address']}"
        elif device["state"] == "active" and str(device["type"]).startswith("nvidia-"):
            vgpu_paths[device["uuid"]] = f"{_mdev.DEVICES}/{device['uuid']}"
    return observe(host, members, vgpu_paths, domains)


def of_disks(host: HostRoot, names: set[str]) -> dict[str, list[dict[str, Any]]]:
    """By block device of ``names`` the processes that have it open, as those of Ceph have without a file system.

    udev looks into a new disk for a moment, and loses nothing.
    """

    def held_by(process: str) -> set[str]:
        found = set()
        for descriptor, target in _open_files(host, process).items():
            node = DISK.search(target)
            if node and node[1] in names and _is_open(host, process, descriptor):
                found.add(node[1])
        return found

    users = _processes(host, held_by)
    lasting = {name: [user for user in holding if user["command"] not in UDEV] for name, holding in users.items()}
    return {name: holding for name, holding in lasting.items() if holding}


def _add_guest(users: list[dict[str, Any]], name: str, running: bool) -> None:
    if all(user["domain"] != name for user in users):
        users.append({"pid": None, "command": None, "domain": name, "running": running})


def _processes(host: HostRoot, held_by: Callable[[str], set[str]]) -> dict[str, list[dict[str, Any]]]:
    """By what is held its users; ``held_by`` says what a process holds."""
    held: dict[str, set[int]] = {}
    for process in host.names("proc"):
        if process.isdecimal():
            for device in held_by(process):
                held.setdefault(device, set()).add(int(process))
    users = _describe(host, {process for processes in held.values() for process in processes})
    return {device: [users[process] for process in sorted(processes)] for device, processes in held.items()}


def _open_files(host: HostRoot, process: str) -> dict[str, str]:
    """By descriptor what a process has open."""
    directory = f"proc/{process}/fd"
    return {descriptor: host.link(f"{directory}/{descriptor}") or "" for descriptor in host.names(directory)}


def _held_by(host: HostRoot, process: str, group_members: dict[int, list[str]]) -> set[str]:
    targets = _open_files(host, process)
    devices: set[str] = set()
    for descriptor, target in targets.items():
        node = NODE.search(target)
        if node and _is_open(host, process, descriptor):
            devices.update(_devices_of_node(host, node, group_members))
    if not devices:
        # A process may keep a device open and have closed its group.
        opened = [descriptor for descriptor, target in targets.items() if target == OPEN_DEVICE]
        devices = _devices_of_descriptors(host, process, opened)
    return devices


def _is_open(host: HostRoot, process: str, descriptor: str) -> bool:
    """False for a descriptor that only refers to a path: udev has such a one of each new device node for a moment."""
    flags = FLAGS.search(host.read(f"proc/{process}/fdinfo/{descriptor}", optional=True) or "")
    if flags:
        return not int(flags[1], 8) & os.O_PATH
    # Without an answer it counts, unless it was closed meanwhile.
    return host.link(f"proc/{process}/fd/{descriptor}") is not None


def _devices_of_node(host: HostRoot, node: re.Match[str], members: dict[int, list[str]]) -> list[str]:
    if node["group"]:
        return _devices_of_group(host, int(node["group"]), members)
    if node["vfio"]:
        return _device_of(host, node["vfio"])
    device = host.link_name(f"sys/class/uio/{node['uio']}/device")
    return [device] if device else []


def _devices_of_group(host: HostRoot, number: int, members: dict[int, list[str]]) -> list[str]:
    """Those that were asked for, or else whatever the kernel has in the group."""
    return members.get(number) or host.names(f"{_iommu.GROUPS}/{number}/devices")


def _device_of(host: HostRoot, name: str) -> list[str]:
    # sys/class/vfio-dev/vfio3 leads to <device>/vfio-dev/vfio3.
    target = (host.link(f"sys/class/vfio-dev/{name}") or "").split("/")
    return [target[-3]] if len(target) > 2 else []


def _devices_of_descriptors(host: HostRoot, process: str, descriptors: Iterable[str]) -> set[str]:
    devices = set()
    for descriptor in descriptors:
        device = DEVICE_PATH.search(host.read(f"proc/{process}/fdinfo/{descriptor}", optional=True) or "")
        if device:
            devices.add(device[1])
        else:
            host.warn(f"process {process} has a VFIO device open, but this kernel does not tell which one")
    return devices


def _describe(host: HostRoot, processes: set[int]) -> dict[int, dict[str, Any]]:
    # Reading a command line waits for the process's memory, which a process in trouble may keep locked.
    command_lines = host.read_locked([f"proc/{process}/cmdline" for process in sorted(processes)], optional=True)
    return {
        process: {
            "pid": process,
            "command": host.read(f"proc/{process}/comm", optional=True),
            "domain": guest_name(command_lines[f"proc/{process}/cmdline"] or ""),
            "running": True,
        }
        for process in processes
    }


def guest_name(command_line: str) -> str | None:
    """The name of the guest in QEMU's NUL-separated command line: ``-name guest=web1,debug-threads=on``."""
    arguments = command_line.split("\0")
    for option, value in zip(arguments, arguments[1:]):
        if option == "-name":
            # A bare value is the name; QEMU writes a comma inside a name twice.
            guest = GUEST.search(value) or BARE_GUEST.match(value)
            return guest[1].replace(",,", ",") or None if guest else None
    return None
