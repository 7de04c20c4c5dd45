# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert recordings of other programs to a tree of files that the collection can read.

``umockdev-record`` contains all of sysfs. ``lspci -Dvvnn`` contains functions with their SR-IOV capability. A directory
is a copy of sysfs, or a sos report, which has parts of ``/sys`` and ``/proc`` and the output of lspci.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..simhost.pci import Address
from .reading import Entry, Recording

Tree = dict[str, dict[str, Entry]]

# Subsystems that are buses; all others are classes, as in umockdev.
BUSES = ("pci", "usb", "mdev", "css", "ap", "scsi", "i2c", "pnp", "platform", "acpi", "cpu", "memory", "node", "nvmem")
FUNCTION = re.compile(r"^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ", re.I)
CODE = re.compile(r"\[([0-9a-f]{4})\]:", re.I)
ROW = re.compile(r"^([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?){16})\s*$", re.M)
SRIOV = (("totalvfs", "total"), ("numvfs", "number"), ("offset", "offset"), ("stride", "stride"))
IDS = re.compile(r"\[([0-9a-f]{4}):([0-9a-f]{4})\]", re.I)
REVISION = re.compile(r"\(rev ([0-9a-f]{2})\)")
INTERFACE = re.compile(r"\(prog-if ([0-9a-f]{2})")
TOTAL = re.compile(r"Total VFs: (\d+), Number of VFs: (\d+)")
OFFSET = re.compile(r"VF offset: (\d+), stride: (\d+), Device ID: ([0-9a-f]{4})")
LSPCI = re.compile(r"lspci[^/]*-\w*n\w*v|lspci[^/]*-\w*v\w*n")
MOST_BYTES = 1 << 16
# Maps classes of lshw to PCI classes, as far as lshw distinguishes them.
OF_LSHW = {"network": "020000", "display": "030000", "storage": "010000", "bridge": "060400", "processor": "120000"}


def umockdev(text: str) -> Recording:
    """Parse output of ``umockdev-record``: P is the path, E a property, A a file, H a binary file, L a link."""
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
    """Parse output of ``lspci -Dvvnn`` or ``-vvnn``, with or without surrounding text."""
    tree: Tree = {}
    for block in re.split(r"\n(?=(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] )", f"\n{text}"):
        head, _newline, body = block.strip().partition("\n")
        found = FUNCTION.match(head)
        code = CODE.search(head)
        if found:
            address = f"{found[1] or '0000'}:{found[2]}".lower()
            function = _function_of(head, body, address, code[1].lower() if code else "0000")
            if function:
                _add_function(tree, function)
    _add_drivers(tree)
    return Recording(tree, {})


def _function_of(head: str, body: str, address: str, code: str) -> dict[str, Any] | None:
    """Return the facts of one block of lspci from its bytes, or else from the numbers in brackets."""
    data = {
        int(row[1], 16) + place: byte for row in ROW.finditer(body) for place, byte in enumerate(bytes.fromhex(row[2]))
    }
    ids = IDS.findall(head)
    if not ids and 0 not in data:
        return None
    subsystem = re.search(r"Subsystem:.*\[([0-9a-f]{4}):([0-9a-f]{4})\]", body, re.I)
    revision, interface = REVISION.search(head), INTERFACE.search(head)
    found: dict[str, Any] = {
        "address": address,
        "ids": ":".join(ids[-1]).lower() if ids else f"{_number(data, 0, 2):04x}:{_number(data, 2, 2):04x}",
        "subsystem": ":".join(subsystem.groups()).lower() if subsystem else "0000:0000",
        "class": f"{code}{interface[1] if interface else '00'}",
        "revision": revision[1] if revision else "00",
    }
    if 0 in data:
        found["class"] = f"{_number(data, 9, 3):06x}"
        if not subsystem and not data[14] & 0x7F:
            found["subsystem"] = f"{_number(data, 0x2C, 2):04x}:{_number(data, 0x2E, 2):04x}"
    for name, pattern in (("numa_node", r"NUMA node: (\d+)"), ("iommu_group", r"IOMMU group: (\d+)")):
        match = re.search(pattern, body)
        found |= {name: int(match[1])} if match else {}
    driver = re.search(r"Kernel driver in use: (\S+)", body)
    found |= {"driver": driver[1]} if driver else {}
    total, offset = TOTAL.search(body), OFFSET.search(body)
    if total and offset:
        numbers = {"total": int(total[1]), "number": int(total[2]), "offset": int(offset[1]), "stride": int(offset[2])}
        found["sriov"] = {**numbers, "device": offset[3]}
    return found


def _number(data: dict[int, int], place: int, size: int) -> int:
    return sum(data.get(place + index, 0) << 8 * index for index in range(size))


def lshw(text: str) -> Recording:
    """Parse output of ``lshw -json -numeric``, which has only ids and drivers of PCI functions."""
    tree: Tree = {}
    waiting = [json.loads(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
            continue
        waiting += node.get("children", [])
        ids, place = IDS.search(node.get("product", "")), re.match(r"pci@(\S+)", str(node.get("businfo", "")))
        if ids and place:
            found = {
                "address": place[1],
                "ids": ":".join(ids.groups()).lower(),
                "class": OF_LSHW.get(node["class"], "000000"),
            }
            driver = node.get("configuration", {}).get("driver")
            _add_function(tree, {**found, "driver": driver} if driver else found)
    _add_drivers(tree)
    return Recording(tree, {})


def facts(document: dict[str, Any]) -> Recording:
    """Convert published facts of functions with numbers and vGPU types."""
    tree: Tree = {}
    for function in document["functions"]:
        for copy in function.get("also", [function["address"]]):
            _add_function(tree, {**function, "address": copy})
    for path, value in document.get("files", {}).items():
        directory, _slash, name = path.rpartition("/")
        tree.setdefault(directory, {})[name] = Entry("file", str(value))
    _add_drivers(tree)
    _add_parents(tree)
    return Recording(tree, {})


def _add_function(tree: Tree, facts: dict[str, Any]) -> None:
    address = facts["address"]
    vendor, device = facts["ids"].split(":")
    sub_vendor, sub_device = facts.get("subsystem", "0000:0000").split(":")
    code = facts["class"]
    domain, bus, _rest = address.split(":")
    path = f"sys/devices/pci{domain}:{bus}/{address}"
    alias = "".join(
        f"{key}0000{value.upper()}"
        for key, value in zip(("v", "d", "sv", "sd"), (vendor, device, sub_vendor, sub_device))
    )
    files = {
        "vendor": f"0x{vendor}",
        "device": f"0x{device}",
        "subsystem_vendor": f"0x{sub_vendor}",
        "subsystem_device": f"0x{sub_device}",
        "class": f"0x{code}",
        "revision": f"0x{facts.get('revision', '00')}",
        "numa_node": str(facts.get("numa_node", -1)),
        "driver_override": "(null)",
        "modalias": f"pci:{alias}bc{code[:2].upper()}sc{code[2:4].upper()}i{code[4:].upper()}",
    }
    sriov = facts.get("sriov")
    virtual = []
    if sriov:
        files |= {f"sriov_{name}": str(sriov[key]) for name, key in SRIOV}
        files |= {"sriov_vf_device": f"{int(sriov['device'], 16):x}", "sriov_drivers_autoprobe": "1"}
        step = Address.parse(address)
        virtual = [str(step.moved(sriov["offset"] + n * sriov["stride"])) for n in range(sriov["number"])]
    tree.setdefault(path, {}).update((name, Entry("file", value)) for name, value in files.items())
    _link(tree, f"sys/bus/pci/devices/{address}", path)
    if facts.get("driver"):
        _link(tree, f"{path}/driver", f"sys/bus/pci/drivers/{facts['driver']}")
    if "iommu_group" in facts:
        _link(tree, f"{path}/iommu_group", f"sys/kernel/iommu_groups/{facts['iommu_group']}")
        _link(tree, f"sys/kernel/iommu_groups/{facts['iommu_group']}/devices/{address}", path)
    for index, one in enumerate(virtual):
        place = f"sys/devices/pci{domain}:{one[5:7]}/{one}"
        _link(tree, f"{path}/virtfn{index}", place)
        if place not in tree:
            kept = {
                key: value
                for key, value in facts.items()
                if key not in ("sriov", "virtual", "address", "also", "driver")
            }
            ids = {"ids": f"{vendor}:{sriov['device']}", "driver": facts.get("driver") if vendor == "10de" else None}
            described = facts.get("virtual", {})
            _add_function(tree, {**kept, **ids, **described, "address": one})
        _link(tree, f"{place}/physfn", path)
    for kind in facts.get("types", []):
        keys = ("name", "description", "device_api", "available_instances")
        tree[f"{path}/mdev_supported_types/{kind['id']}"] = {
            key: Entry("file", str(kind[key])) for key in keys if key in kind
        }


def folder(top: Path) -> Recording:
    """Read a copy of ``/sys`` with parts of ``/proc`` and ``/etc``, or a sos report with lspci."""
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


def ttar(text: str, top: str) -> Recording:
    """Read an archive from tests of Prometheus: paths below ``top`` with their lines."""
    tree: Tree = {}
    for block in re.split(r"^# ttar.*\n|^# (?:-+|=+).*\n|\n(?=Path: |Directory: )", text, flags=re.M):
        path = re.match(r"Path: (\S+)", block)
        if path and path[1].startswith(f"{top}/"):
            directory, _slash, name = path[1][len(top) + 1 :].rpartition("/")
            link = re.search(r"^SymlinkTo: (.*)$", block, re.M)
            lines = re.search(r"^Lines: (\d+)\n", block, re.M)
            content = block[lines.end() :].split("\n")[: int(lines[1])] if lines else []
            tree.setdefault(directory, {})[name] = Entry("link", link[1]) if link else Entry("file", "\n".join(content))
    return Recording(tree, {})


def _add_drivers(tree: Tree) -> None:
    links = [entries["driver"].value for entries in tree.values() if entries.get("driver", Entry("")).kind == "link"]
    for target in links:
        name = target.rpartition("/bus/")[2]
        if name.count("/") == 2:
            tree.setdefault(f"sys/bus/{name}", {})


def _add_parents(tree: Tree) -> None:
    """Add the class of mdev parents, which is not a subsystem of udev."""
    for path in sorted(
        {path.partition("/mdev_supported_types")[0] for path in tree if "/mdev_supported_types" in path}
    ):
        _link(tree, f"sys/class/mdev_bus/{path.rpartition('/')[2]}", path)


def _link(tree: Tree, path: str, target: str) -> None:
    directory, _slash, name = path.rpartition("/")
    tree.setdefault(directory, {})[name] = Entry("link", os.path.relpath(target, directory))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def names(tree: Tree) -> Iterator[str]:
    """Return the PCI functions."""
    return iter(sorted(tree.get("sys/bus/pci/devices", {})))
