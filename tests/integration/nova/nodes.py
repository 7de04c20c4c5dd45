# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Convert the facts of a host to what libvirt reports to nova: node devices with XML, and PCI functions."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

MTTY = "mtty"
MTTY_CAPABILITY = ("mdev_types", "")
PCI_CAPABILITY = ("pci", '<vendor id="0x10de">NVIDIA</vendor><product id="0x1eb8">card</product>')


def node_devices(facts, with_parent=True):
    """Return ``kind`` and ``xml`` of parents and mediated devices by name, as libvirt lists them.

    Since libvirt 7.7 the name of a mediated device ends with that of its parent (``with_parent``).
    """
    nodes = {_name(parent["name"]): {"kind": "parent", "xml": _parent(parent)} for parent in facts["parents"]}
    for device in facts["devices"]:
        if device["uuid"] and device["state"] == "active":
            parent = device["parent"]
            name = f"mdev_{device['uuid'].replace('-', '_')}"
            name += f"_{re.sub('[^0-9a-z]', '_', parent)}" if with_parent else ""
            nodes[name] = {"kind": "mdev", "xml": _mdev(name, device, with_parent)}
    return nodes


def pci_functions(facts):
    """Yield all PCI functions with the fields of nova's PciDevice."""
    for card in facts["physical_functions"]:
        common = {"vendor_id": card["vendor_id"], "card_serial_number": None}
        kind = "type-PF" if card["total_vfs"] else "type-PCI"
        yield {**common, **_at(card["address"], None), "product_id": card["product_id"], "dev_type": kind}
        for function in card["virtual_functions"]:
            place = _at(function["address"], card["address"])
            kind = "vdpa" if function.get("vdpa") else "type-VF"
            of_card = {"card_serial_number": "1"} if card.get("has_serial_number") else {}
            found = {**common, **place, "product_id": card["vf_product_id"], "dev_type": kind}
            yield {**found, "capabilities": {"vpd": of_card}}


def _at(address, parent):
    return {"address": address, "parent_addr": parent}


def _name(parent):
    subsystem = MTTY if parent == MTTY else "pci"
    return f"{subsystem}_{re.sub('[^0-9a-z]', '_', parent)}"


def _parent(parent):
    types = "".join(
        f'<type id="{escape(one["id"])}"><name>{escape(one["name"] or one["id"])}</name>'
        f"<deviceAPI>vfio-pci</deviceAPI>"
        f"<availableInstances>{one['available_instances']}</availableInstances></type>"
        for one in parent["types"]
    )
    # If the capability belongs to the device itself, libvirt nests it in one of the same name.
    kind, ids = MTTY_CAPABILITY if parent["name"] == MTTY else PCI_CAPABILITY
    capability = f'<capability type="{kind}">{ids}<capability type="mdev_types">{types}</capability></capability>'
    return f"<device><name>{_name(parent['name'])}</name><parent>computer</parent>{capability}</device>"


def _mdev(name, device, with_uuid):
    uuid = f"<uuid>{device['uuid']}</uuid>" if with_uuid else ""
    return (
        f"<device><name>{name}</name><parent>{_name(device['parent'])}</parent>"
        f'<capability type="mdev"><type id="{escape(device["type"])}"/>{uuid}<iommuGroup number="1"/></capability>'
        "</device>"
    )
