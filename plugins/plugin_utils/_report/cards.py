# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Describe a card for the report: its properties, possible and existing devices, and users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import BY_NAME
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import device_name, shares_of, type_name
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject, User
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import card_types
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.offered_types import gpu_instances
from ansible_collections.vfio.devices.plugins.plugin_utils._report.model import (
    Bar,
    DescribedUser,
    Description,
    DeviceOnCard,
    TypeCounts,
    UnusedDevices,
    UsedDevice,
)

# The longest prefix of the PCI class decides.
KINDS = {"01": "storage", "0108": "NVMe", "02": "NIC", "03": "GPU", "10": "crypto", "12": "accelerator"}
VENDORS = {"10de": "NVIDIA", "1002": "AMD", "1344": "Micron", "144d": "Samsung", "14e4": "Broadcom", "15b3": "Mellanox"}
VENDORS.update({"1bb1": "Seagate", "1d0f": "Amazon", "8086": "Intel"})


def describe(
    card: Subject, planned: Card | None = None, reserved: int = 0, versions: Mapping[str, str] | None = None
) -> Description:
    """Return the card for the page, from a subject of ``selection.subjects`` and its planned card.

    ``reserved`` is the number that Placement reserves, ``versions`` are driver versions by name.
    """
    versions = versions or {}
    kind = KINDS.get((card.get("class") or "")[:4]) or KINDS.get((card.get("class") or "")[:2])
    ids = f"{card['vendor_id']}:{card['product_id']}" if card.get("vendor_id") else None
    words = (card["model"], ids) if card.get("model") else (VENDORS.get(card.get("vendor_id") or ""), kind, ids)
    title = " ".join(filter(None, words)) or "device"
    types = _types(card)
    held, unused = _devices(card)
    return {
        "name": card["name"],
        "kind": kind or "other",
        "title": title,
        "model": card.get("model"),
        "ids": ids,
        "driver": card.get("driver"),
        "driver_version": versions.get(card.get("driver") or ""),
        "mode": card.get("mode"),
        "vfs": f"{card['num_vfs']}/{card['total_vfs']}" if card.get("total_vfs") else None,
        "numa_node": card["numa_node"],
        "labels": _labels(card, versions),
        "profile": planned["profile"] if planned else None,
        "users": [holder(user) for user in card.get("users") or []],
        "bars": _bars(card, title, types, planned, reserved),
        "functions": _functions(card),
        "held": held,
        "unused": unused,
        "types": types,
    }


def holder(user: User) -> DescribedUser:
    """Describe a user of a device: the guest or process, and details."""
    process = f"pid {user['pid']}, {user['command'] or 'unknown'}" if user["pid"] else None
    if not user["domain"]:
        return {"guest": None, "name": process or "unknown user", "detail": None}
    detail = f"pid {user['pid']}" if user["pid"] else None
    return {"guest": user["domain"], "name": user["domain"], "detail": detail if user["running"] else "not running"}


def in_order(name: str) -> list[tuple[bool, int, str, str]]:
    """Return a sort key for names with numbers, which places node2 before node10."""
    parts = re.split(r"([0-9]+)", name)
    # Compare lengths first, because Python cannot parse integers of some thousand digits.
    return [
        (part.isdecimal(), len(part.lstrip("0")) if part.isdecimal() else 0, part.lstrip("0"), part) for part in parts
    ]


def _labels(card: Subject, versions: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the main properties as (name, value)."""
    version = versions.get(card.get("driver") or "")
    driver = f"{card['driver']} {version}" if version else card.get("driver") or "none"
    labels = [("driver", driver) if "driver" in card else ("bus", card["bus"])]
    if "mode" in card:
        if card["mode"] == "pf":
            labels.append(("mode", "passed through"))
        if card["total_vfs"]:
            labels.append(("VFs", f"{card['num_vfs']} of {card['total_vfs']}"))
    if card["framework"]:
        labels.append(("vGPUs", BY_NAME[card["framework"]].TITLE))
    if card.get("iommu_group") is not None and card.get("mode") in ("pf", "vf"):
        labels.append(("IOMMU group", str(card["iommu_group"])))
    if card.get("netdevs"):
        labels.append(("interface", ", ".join(card["netdevs"])))
    return labels


def _types(card: Subject) -> list[TypeCounts]:
    """Return the types of the card, first those with devices."""
    counts = card_types.by_name(card["parents"], card["devices"], gpu_instances(card))
    held = [
        card_types.type_name(device["type_name"], device["type"])
        for device in card["devices"]
        if device["users"] and device["state"] != "defined"
    ]
    types: list[TypeCounts] = [{"name": name, "used": held.count(name), **count} for name, count in counts.items()]
    return sorted(types, key=lambda one: (not one["existing"], not one["free"], in_order(one["name"])))


def _bars(card: Subject, title: str, types: list[TypeCounts], planned: Card | None, reserved: int) -> list[Bar]:
    """Return the devices for guests by vGPU type, as virtual functions, or as a whole card."""
    wanted = {type_name(share) for share in shares_of(planned)} if planned else set()
    bars = [
        _bar(one["name"], one["used"], one["existing"] + one["free"], reserved)
        for one in types
        if one["existing"] or (one["free"] and one["name"] in wanted)
    ]
    if bars or card["framework"] or "mode" not in card:
        return bars
    if card["mode"] == "vf":
        used = sum(bool(virtual["users"]) for virtual in card["virtual_functions"])
        return [_bar(f"Virtual functions of {title}", used, card["num_vfs"], reserved)]
    return [_bar(f"Whole {title}", int(bool(card["users"])), 1, reserved)] if card["mode"] == "pf" else []


def _bar(name: str, used: int, total: int, reserved: int) -> Bar:
    held_back = min(reserved, max(0, total - used))
    return {"name": name, "used": used, "reserved": held_back, "free": max(0, total - used - held_back), "total": total}


def _functions(card: Subject) -> list[str]:
    """Return the state of each virtual function in order: used, made (has a free vGPU) or free."""
    if not card.get("virtual_functions"):
        return []
    made = {device["parent"] for device in card["devices"] if device["state"] != "defined"}
    used = {device["parent"] for device in card["devices"] if device["users"]}
    return [
        "used" if one["users"] or one["address"] in used else "made" if one["address"] in made else "free"
        for one in card["virtual_functions"]
    ]


def _devices(card: Subject) -> tuple[list[UsedDevice], list[UnusedDevices]]:
    """Return the devices in use one by one, and the others in groups."""
    virtual = {one["address"]: one for one in card.get("virtual_functions", [])}
    held: list[UsedDevice] = []
    unused: list[DeviceOnCard] = []
    for device in card["devices"]:
        function = virtual.get(device["parent"])
        index = function.get("index") if function else None
        entry: DeviceOnCard = {
            "name": device_name(device),
            "type": card_types.type_name(device["type_name"], device["type"]),
            "function": None if index is None else f"VF {index}",
            "state": device["state"],
        }
        if device["users"]:
            held.append({**entry, "users": [holder(user) for user in device["users"]]})
        else:
            unused.append(entry)
    listed = {device["address"] for device in card["devices"]}
    held += [
        {
            "name": one["address"],
            "type": f"virtual function, driver {one['driver'] or 'none'}",
            "function": f"VF {one['index']}",
            "state": "active",
            "users": [holder(user) for user in one["users"]],
        }
        for one in virtual.values()
        if one["users"] and one["address"] not in listed
    ]

    def group(entry: DeviceOnCard) -> tuple[str, str]:
        return entry["type"], entry["state"]

    return held, [
        {"type": kind, "state": state, "names": [entry["name"] for entry in entries]}
        for (kind, state), entries in groupby(sorted(unused, key=group), key=group)
    ]
