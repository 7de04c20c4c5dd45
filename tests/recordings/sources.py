# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs have recorded of hosts, as a tree of files that the collection can look at.

``umockdev-record`` has all of sysfs. ``lspci -Dvvnn`` has functions with their SR-IOV capability. A folder may be a copy
of sysfs, or a report of sos, which has parts of ``/sys`` and ``/proc`` and the output of lspci.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..simhost.pci import Address
from .reading import Entry, Recording

Tree = dict[str, dict[str, Entry]]

# Subsystems with a bus; all others are classes, as umockdev has it.
BUSES = ("pci", "usb", "mdev", "css", "ap", "scsi", "i2c", "pnp", "platform", "acpi", "cpu", "memory", "node", "nvmem")
FUNCTION = re.compile(r"^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) .*?\[([0-9a-f]{4})\]:.*", re.I)
IDS = re.compile(r"\[([0-9a-f]{4}):([0-9a-f]{4})\]", re.I)
REVISION = re.compile(r"\(rev ([0-9a-f]{2})\)")
INTERFACE = re.compile(r"\(prog-if ([0-9a-f]{2})")
TOTAL = re.compile(r"Total VFs: (\d+), Number of VFs: (\d+)")
OFFSET = re.compile(r"VF offset: (\d+), stride: (\d+), Device ID: ([0-9a-f]{4})")
LSPCI = re.compile(r"lspci[^/]*-\w*n\w*v|lspci[^/]*-\w*v\w*n")
MOST_BYTES = 1 << 16


def umockdev(text: str) -> Recording:
    """A recording of ``umockdev-record``: P is the path, E a property, A a file, H one of bytes, L a link."""
    tree: Tree = {}
    groups: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        path, subsystem = "", ""
        entries: dict[str, Entry] = {}
        properties = []
        for line in block.splitlines():
            kind, _colon, rest = line.partition(": ")
            name, _equals, value = rest.partition("=")
            if kind == "P":
                path = f"sys{rest}"
            elif kind == "E":
                subsystem = value if name == "SUBSYSTEM" else subsystem
                properties += [f"{name}={value}"] if name in ("DRIVER", "DEVNAME", "DEVTYPE", "INTERFACE") else []
            elif kind == "A":
                entries[name] = Entry("file", _unescaped(value).rstrip("\n"))
            elif kind == "L":
                entries[name] = Entry("link", value)
        if not path:
            continue
        for name, entry in entries.items():
            directory, _slash, last = f"{path}/{name}".rpartition("/")
            tree.setdefault(directory, {})[last] = entry
        here = tree.setdefault(path, {})
        here.setdefault("uevent", Entry("file", "\n".join(properties)))
        device = path.rpartition("/")[2]
        if subsystem:
            place = f"sys/bus/{subsystem}/devices" if subsystem in BUSES else f"sys/class/{subsystem}"
            _link(tree, f"{place}/{device}", path)
            _link(tree, f"{path}/subsystem", place.removesuffix("/devices"))
        group = entries.get("iommu_group", Entry("")).value.rpartition("/")[2]
        if group:
            groups[path] = group
    for path, group in groups.items():
        _link(tree, f"sys/kernel/iommu_groups/{group}/devices/{path.rpartition('/')[2]}", path)
    _add_drivers(tree)
    _add_parents(tree)
    return Recording(tree, {})


def lspci(text: str) -> Recording:
    """The output of ``lspci -Dvvnn`` or ``-vvnn``, with or without what stands around it."""
    tree: Tree = {}
    for block in re.split(r"\n(?=(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] )", f"\n{text}"):
        head, _newline, body = block.strip().partition("\n")
        found = FUNCTION.match(head)
        ids = IDS.findall(head)
        if not found or not ids:
            continue
        address = f"{found[1] or '0000'}:{found[2]}".lower()
        _add_function(tree, address, found[3].lower(), ids[-1], head, body)
    _add_drivers(tree)
    return Recording(tree, {})


def _add_function(tree: Tree, address: str, code: str, ids: tuple[str, str], head: str, body: str) -> None:
    vendor, device = (one.lower() for one in ids)
    subsystem = re.search(r"Subsystem:.*\[([0-9a-f]{4}):([0-9a-f]{4})\]", body, re.I)
    sub_vendor, sub_device = (one.lower() for one in subsystem.groups()) if subsystem else ("0000", "0000")
    revision, interface = REVISION.search(head), INTERFACE.search(head)
    code += interface[1] if interface else "00"
    domain, bus, _rest = address.split(":")
    path = f"sys/devices/pci{domain}:{bus}/{address}"
    numa = re.search(r"NUMA node: (\d+)", body)
    ids_of_alias = f"v0000{vendor}d0000{device}sv0000{sub_vendor}sd0000{sub_device}".upper().replace("V0000", "v0000")
    ids_of_alias = re.sub("S(?=[vD])|D(?=0000)", lambda found: found[0].lower(), ids_of_alias)
    files = {
        "vendor": f"0x{vendor}",
        "device": f"0x{device}",
        "subsystem_vendor": f"0x{sub_vendor}",
        "subsystem_device": f"0x{sub_device}",
        "class": f"0x{code}",
        "revision": f"0x{revision[1] if revision else '00'}",
        "numa_node": numa[1] if numa else "-1",
        "driver_override": "(null)",
        "modalias": f"pci:{ids_of_alias}bc{code[:2]}sc{code[2:4]}i{code[4:]}".replace(code, code.upper()),
    }
    total, offset = TOTAL.search(body), OFFSET.search(body)
    if total and offset:
        number = int(total[2])
        files |= {
            "sriov_totalvfs": total[1],
            "sriov_numvfs": str(number),
            "sriov_offset": offset[1],
            "sriov_stride": offset[2],
            "sriov_vf_device": offset[3],
            "sriov_drivers_autoprobe": "1",
        }
        for index in range(number):
            virtual = str(Address.parse(address).moved(int(offset[1]) + index * int(offset[2])))
            _link(tree, f"{path}/virtfn{index}", f"sys/devices/pci{domain}:{virtual[5:7]}/{virtual}")
            _link(tree, f"sys/devices/pci{domain}:{virtual[5:7]}/{virtual}/physfn", path)
    tree.setdefault(path, {}).update((name, Entry("file", value)) for name, value in files.items())
    _link(tree, f"sys/bus/pci/devices/{address}", path)
    driver = re.search(r"Kernel driver in use: (\S+)", body)
    if driver:
        _link(tree, f"{path}/driver", f"sys/bus/pci/drivers/{driver[1]}")
    group = re.search(r"IOMMU group: (\d+)", body)
    if group:
        _link(tree, f"{path}/iommu_group", f"sys/kernel/iommu_groups/{group[1]}")
        _link(tree, f"sys/kernel/iommu_groups/{group[1]}/devices/{address}", path)


def folder(top: Path) -> Recording:
    """A copy of ``/sys`` with parts of ``/proc`` and ``/etc``, or a report of sos with lspci."""
    tree: Tree = {}
    for above, directories, files in os.walk(top):
        place = os.path.relpath(above, top)
        here: dict[str, Entry] = {}
        for name in [*directories, *files]:
            path = Path(above, name)
            if path.is_symlink():
                here[name] = Entry("link", os.readlink(path))
            elif path.is_file() and path.stat().st_size < MOST_BYTES:
                here[name] = Entry("file", path.read_bytes().decode(errors="surrogateescape").rstrip("\n"))
        if place.startswith(("sys", "proc", "etc", "run")):
            tree[place] = here
    if not any(path.startswith("sys/bus/pci") for path in tree):
        found = [path for path in top.rglob("lspci*") if LSPCI.search(path.name)]
        for path in found[:1]:
            for place, entries in lspci(path.read_text(encoding="utf-8", errors="replace")).tree.items():
                tree.setdefault(place, {}).update(entries)
    return Recording(tree, {})


def _add_drivers(tree: Tree) -> None:
    links = [entries["driver"].value for entries in tree.values() if entries.get("driver", Entry("")).kind == "link"]
    for target in links:
        name = target.rpartition("/bus/")[2]
        if name.count("/") == 2:
            tree.setdefault(f"sys/bus/{name}", {})


def _add_parents(tree: Tree) -> None:
    """The class of devices that can make mediated ones, which is none of udev's subsystems."""
    for path in sorted({path.partition("/mdev_supported_types")[0] for path in tree if "/mdev_supported_types" in path}):
        _link(tree, f"sys/class/mdev_bus/{path.rpartition('/')[2]}", path)


def _link(tree: Tree, path: str, target: str) -> None:
    directory, _slash, name = path.rpartition("/")
    tree.setdefault(directory, {})[name] = Entry("link", os.path.relpath(target, directory))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def names(tree: Tree) -> Iterator[str]:
    """The PCI functions."""
    return iter(sorted(tree.get("sys/bus/pci/devices", {})))
