# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the functions and mdevs behind the names in configurations of guests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .._core.grammar import FUNCTION_IN_PATH, PCI_ADDRESS, UUID
from .._core.patterns import lazy_pattern
from .._devices.iommu import GROUPS
from .._devices.pci import PciFunction
from .._host.root import HostRoot
from .._model.uses import EVERY_EFFECT, GONE, LOSES_DRIVER

# Kinds of names.
DEVICE = "device"  # PCI address, with or without domain and function, or UUID of an mdev
DRIVEN = "driven"  # the same for a guest that uses the device through its driver on the host
FILE = "file"  # path of a device file, or of a directory of device files
INTERFACE = "interface"  # network interface
POOL = "pool"  # network interface of a card whose VFs are given to guests
GPU = "gpu"  # of the NVIDIA driver: UUID, or number in the order of addresses; any other name means all GPUs
NUMBER = "number"  # of a device file: "c 226:128", or "c 226:*" for all of a major number
USB_DEVICE = "usb device"  # vendor and product "046d:c52b", bus and number "1.3", or the name of its port, "1-2"
PORT = "port"  # address of a function whose driver lets programs use it directly
SCSI_HOST = "scsi host"  # such as "host5"

SHORT_ADDRESS = lazy_pattern(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[01]?[0-9a-f])(?:\.([0-7]))?\Z")
CLASSES = "sys/class"
INTERFACES, SCSI_HOSTS = f"{CLASSES}/net", f"{CLASSES}/scsi_host"
# With these drivers a program can use a function directly; others still have to be unbound for it.
DIRECT_DRIVER = lazy_pattern(r"(?:.*[-_])?vfio[-_]pci\Z|uio_pci_generic\Z|igb_uio\Z|mlx[45]_core\Z")
USB = "sys/bus/usb/devices"
VFIO_FILE = lazy_pattern(r"vfio/(?:noiommu-)?(\d{1,9})\Z")
# udev derives this name from the function (systemd, src/udev/udev-builtin-path_id.c).
BY_PATH = lazy_pattern(r"/by-path/pci-([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?:-|\Z)")
NVIDIA_FILE = lazy_pattern(r"nvidia(\d{1,4})\Z")
NVIDIA = "proc/driver/nvidia/gpus"
# Documentation/admin-guide/devices.txt
NVIDIA_MAJOR = 195
NUMBERS = {"c": "sys/dev/char", "b": "sys/dev/block"}
GPU_UUID = lazy_pattern(r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GPU_NUMBER = lazy_pattern(r"[0-9]{1,3}\Z")
MINOR = lazy_pattern(r"^Device Minor:\s*(\d+)\s*$", re.MULTILINE)
# Maps directories below /dev to the classes of their device files.
DIRECTORIES = {
    "dri": ("drm",),
    "infiniband": ("infiniband_verbs", "infiniband_mad", "infiniband_cm"),
    "accel": ("accel", "habanalabs"),
    "vfio/devices": ("vfio-dev",),
}
# A device in QEMU arguments, as text or JSON: -device vfio-pci,host=01:00.0 or sysfsdev=/sys/bus/...
HOST = lazy_pattern(r"\bhost\"?\s*[=:]\s*\"?((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01]?[0-9a-f]\.[0-7])\b", re.IGNORECASE)
# Cloud Hypervisor: --device path=/sys/bus/..., crosvm: --vfio /sys/bus/... A path in sysfs has fewer characters.
SYSFS = lazy_pattern(r"(?<![\w/])/sys/[^\s,\"]{0,400}?/([^\s,\"/]{1,40})/?(?=[\s,\"]|\Z)")
DEVICE_FILE = lazy_pattern(r"(?<![\w/])(/dev/[\w./:!-]+)")


class Reference(NamedTuple):
    """A name in a configuration."""

    kind: str
    name: str


class Guest(NamedTuple):
    """A container or guest as described by one file."""

    name: str
    path: str  # the file that names its devices
    running: bool
    references: tuple[Reference, ...]
    advice: str = ""  # how to end its use, if its file is not for people to edit
    unknown: str = ""  # why its devices are unknown


def in_command_line(text: str) -> Iterator[Reference]:
    """Yield the devices in QEMU arguments."""
    for pattern in (HOST, SYSFS):
        yield from (Reference(DEVICE, name) for name in pattern.findall(text))
    yield from (Reference(FILE, name) for name in DEVICE_FILE.findall(text))


def subjects(
    host: HostRoot, functions: dict[str, PciFunction], references: Iterable[Reference]
) -> dict[str, frozenset[str]]:
    """Map each referenced function or mdev to the effects that end its use.

    A guest with a whole device loses it with any change. A guest with a device file or interface needs only the driver
    behind it.
    """
    found: dict[str, frozenset[str]] = {}
    for kind, name in references:
        if kind == DEVICE:
            found.update(dict.fromkeys(devices(functions, name), EVERY_EFFECT))
            continue
        if kind == PORT:
            driver = functions[name].driver if name in functions else None
            found.setdefault(name, LOSES_DRIVER if driver and DIRECT_DRIVER.match(driver) else frozenset((GONE,)))
            continue
        if kind == DRIVEN:
            names = set(devices(functions, name))
        elif kind == FILE:
            names = behind_file(host, functions, name)
        elif kind == NUMBER:
            names = _behind_number(host, name)
        elif kind == GPU:
            names = _behind_gpu(host, name)
        elif kind == USB_DEVICE:
            names = _behind_usb(host, name)
        elif kind == SCSI_HOST:
            names = _behind_link(host, SCSI_HOSTS, name)
        else:
            names = _behind_link(host, INTERFACES, name)
            if kind == POOL:
                names = {one.address for one in functions.values() if one.physical_function in names}
        for address in names:
            found.setdefault(address, LOSES_DRIVER)
    return found


def devices(functions: dict[str, PciFunction], name: str) -> list[str]:
    """Return a UUID, or addresses: without function all of the slot, without domain those of domain 0000."""
    name = name.lower()
    if UUID.match(name):
        return [name]
    parts = SHORT_ADDRESS.match(name)
    if not parts:
        return []
    bus, slot = parts[2].split(":")
    place = f"{parts[1] or '0000'}:{bus}:{slot.zfill(2)}"
    if parts[3]:
        return [f"{place}.{parts[3]}"]
    return [address for address in functions if address.startswith(f"{place}.")]


def behind_file(host: HostRoot, functions: dict[str, PciFunction], path: str) -> set[str]:
    """Return the functions of a device file, or of all device files in a directory."""
    name = path.partition("/dev/")[2].rstrip("/")
    if not name or "\0" in name:
        return set()
    place = BY_PATH.search(name)
    if place:
        return {place[1]}
    # Links, such as those in dev/disk/by-id, point to the real name.
    name = (host.link(f"dev/{name}") or name).replace("../", "").rpartition("/dev/")[2]
    group = VFIO_FILE.match(name)
    if group:
        # Functions of a no-IOMMU group have no ``iommu_group``, so use the kernel's list then.
        members = {one.address for one in functions.values() if one.iommu_group == int(group[1])}
        return members or set(host.names(f"{GROUPS}/{int(group[1])}/devices"))
    minor = NVIDIA_FILE.match(name)
    if minor:
        return {address for address, number in nvidia_minors(host).items() if number == minor[1]}
    if name in DIRECTORIES:
        paths = [path for kind in DIRECTORIES[name] for _name, path in host.links(f"{CLASSES}/{kind}")]
    else:
        last = name.rpartition("/")[2]
        paths = [host.link(f"{CLASSES}/{kind}/{last}") or "" for kind in host.names(CLASSES)] if last else []
    found = {addresses[-1] for addresses in map(FUNCTION_IN_PATH.findall, paths) if addresses}
    if found or name != "kfd":
        return found
    return behind_kfd(functions)


def _behind_number(host: HostRoot, name: str) -> set[str]:
    kind, _blank, number = name.partition(" ")
    major, _colon, minor = number.partition(":")
    found = set()
    for own, path in host.links(NUMBERS[kind]):
        addresses = FUNCTION_IN_PATH.findall(path)
        if addresses and own in (number, f"{major}:{own.partition(':')[2] if minor == '*' else minor}"):
            found.add(addresses[-1])
    if kind == "c" and int(major) == NVIDIA_MAJOR:
        found |= {address for address, own in nvidia_minors(host).items() if minor in ("*", own)}
    return found


def behind_kfd(functions: dict[str, PciFunction]) -> set[str]:
    """Return the functions behind the compute device that all GPUs of the amdgpu driver share.

    Source: drivers/gpu/drm/amd/amdkfd/kfd_chardev.c.
    """
    return {one.address for one in functions.values() if one.driver == "amdgpu"}


def nvidia_minors(host: HostRoot) -> dict[str, str]:
    """Map each GPU of the NVIDIA driver, which has no devices in sysfs, to its minor number."""
    found = {}
    for address in host.names(NVIDIA):
        minor = MINOR.search(host.read(f"{NVIDIA}/{address}/information", optional=True) or "")
        if minor and PCI_ADDRESS.match(address.lower()):
            found[address.lower()] = minor[1]
    return found


def _behind_gpu(host: HostRoot, name: str) -> set[str]:
    gpus = {address.lower(): f"{NVIDIA}/{address}/information" for address in sorted(host.names(NVIDIA))}
    if GPU_NUMBER.match(name):
        return {*[*gpus][int(name) : int(name) + 1]}
    if not GPU_UUID.fullmatch(name):
        # A MIG device has a UUID of its own.
        return {*gpus}
    return {address for address, path in gpus.items() if name in (host.read(path, optional=True) or "").split()}


def _behind_usb(host: HostRoot, name: str) -> set[str]:
    """Return the USB controllers of all devices with this name."""
    found = set()
    for port, path in host.links(USB):
        addresses = FUNCTION_IN_PATH.findall(path)
        # An interface of a device has a colon in its name.
        if addresses and ":" not in port and name in (port, *_usb_names(host, f"{USB}/{port}")):
            found.add(addresses[-1])
    return found


def _usb_names(host: HostRoot, path: str) -> Iterator[str]:
    for separator, files in ((":", ("idVendor", "idProduct")), (".", ("busnum", "devnum"))):
        yield separator.join(host.read(f"{path}/{file}", optional=True) or "" for file in files)


def _behind_link(host: HostRoot, directory: str, name: str) -> set[str]:
    if not name or "/" in name or name in (".", ".."):
        return set()
    addresses = FUNCTION_IN_PATH.findall(host.link(f"{directory}/{name}") or "")
    return {addresses[-1]} if addresses else set()
