# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the libvirt XML elements that assign a device to a guest."""

from __future__ import annotations

import re
from typing import Any, TypedDict
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar, numbers
from ansible_collections.vfio.devices.plugins.module_utils._devices.sriov import is_vfio_driver
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.defaults import or_default
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import has_typed_vfs
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag

DEVICE_APIS = ("vfio-pci", "vfio-ccw", "vfio-ap")
VGPU_DRIVER = "nvidia"
# libvirt requires a unicast address.
MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}\Z")
MOST_VLANS = 4094


class Device(TypedDict, total=False):
    """A device or function of the facts, or a card of a plan, with a valid ``uuid`` or ``address``."""

    uuid: str
    address: str
    parent: str | None
    driver: str | None
    framework: str | None
    type: object
    # Present for virtual functions.
    index: int
    # Present for physical functions.
    virtual_functions: object
    # Present for cards of a plan.
    profile: str


class Network(TypedDict):
    """The settings of a virtual function as an interface."""

    mac: object
    vlan: object


class Options(TypedDict):
    """The options of the filter; those of the XML element are None if they are omitted."""

    device_api: object
    managed: object
    display: object
    mac: object
    vlan: object
    interface: bool
    ramfb: bool


def hostdev_xml(
    device: Any,
    device_api: object = None,
    managed: object = None,
    display: object = None,
    ramfb: object = False,
    interface: object = False,
    mac: object = None,
    vlan: object = None,
) -> str:
    """Return the XML element of a device; raise ``AnsibleFilterError`` if that is impossible."""
    with errors_of_filter("hostdev_xml", "hostdev_xml needs a device of mdev_facts, or its name"):
        options: Options = {
            "device_api": or_default(device_api),
            "managed": or_default(managed),
            "display": or_default(display),
            "mac": or_default(mac),
            "vlan": or_default(vlan),
            "interface": flag(or_default(interface, False), "interface"),
            "ramfb": flag(or_default(ramfb, False), "ramfb"),
        }
        problems: list[str] = []
        element = _element(_entry(device), options, problems)
        if problems:
            raise ValueError("; ".join(problems))
    ElementTree.indent(element)
    return ElementTree.tostring(element, encoding="unicode") + "\n"


def _element(entry: Device, options: Options, problems: list[str]) -> Element:
    managed, mac, vlan = options["managed"], options["mac"], options["vlan"]
    if entry.get("uuid"):
        if managed is not None or options["interface"] or mac is not None or vlan is not None:
            problems.append("managed, interface, mac and vlan are for PCI functions, and this is a mediated device")
        return _mdev(entry, options, problems)
    if options["device_api"] is not None or options["display"] is not None or options["ramfb"]:
        problems.append("device_api, display and ramfb are for mediated devices, and this is a PCI function")
    is_managed = _is_managed(entry) if managed is None else flag(managed, "managed")
    network: Network | None = {"mac": mac, "vlan": vlan} if options["interface"] else None
    if network is None and (mac is not None or vlan is not None):
        problems.append("mac and vlan need interface=true")
    return _pci(entry, is_managed, network, problems)


def _entry(device: Any) -> Device:
    """Return the device in the form of facts, with a valid ``uuid`` or ``address``."""
    if isinstance(device, str):
        if grammar.UUID.match(device.lower()):
            return {"uuid": device.lower()}
        return {"address": grammar.pci_address(device)}
    entry: Device = device
    if entry.get("uuid"):
        return {**entry, "uuid": grammar.uuid(entry["uuid"])}
    if "profile" in device and device["mode"] != "pf":
        raise ValueError(f"card {device['name']} has several devices for guests. Use one of these devices")
    return {**entry, "address": grammar.pci_address(entry["address"])}


def _mdev(entry: Device, options: Options, problems: list[str]) -> Element:
    device_api, display, ramfb = options["device_api"], options["display"], options["ramfb"]
    model = _api_of(entry.get("parent") or "") if device_api is None else device_api
    if model not in DEVICE_APIS:
        problems.append(f"libvirt supports {', '.join(DEVICE_APIS)}, and not {numbers.shown(model)}")
    attributes = {"mode": "subsystem", "type": "mdev", "model": str(model)}
    if model != DEVICE_APIS[0] and (display is not None or ramfb):
        problems.append(f"a {model} device has no display")
    if display is not None:
        attributes["display"] = "on" if flag(display, "display") else "off"
    if ramfb:
        attributes["ramfb"] = "on"
        if attributes.get("display") != "on":
            problems.append("ramfb needs display=true")
    element = ElementTree.Element("hostdev", attributes)
    ElementTree.SubElement(ElementTree.SubElement(element, "source"), "address", {"uuid": entry["uuid"]})
    return element


def _api_of(parent: str) -> str:
    if libvirt.SUBCHANNEL.match(parent):
        return "vfio-ccw"
    return "vfio-ap" if parent == libvirt.MATRIX else "vfio-pci"


def _is_managed(entry: Device) -> bool:
    """Return false if the function has the driver that the guest needs, because rebinding would destroy its vGPU."""
    if has_typed_vfs(entry) and entry.get("type"):
        return False
    driver = entry.get("driver")
    if "profile" in entry:
        return driver is not None and not is_vfio_driver(driver)
    if driver == VGPU_DRIVER and "index" in entry:
        # On a virtual function, this driver provides the vGPU that the guest needs.
        return False
    return not is_vfio_driver(driver)


def _pci(entry: Device, managed: bool, network: Network | None, problems: list[str]) -> Element:
    domain, bus, slot, function = re.split("[:.]", entry["address"])
    address = {"domain": f"0x{domain}", "bus": f"0x{bus}", "slot": f"0x{slot}", "function": f"0x{function}"}
    attributes = {"managed": "yes" if managed else "no"}
    if network is None:
        element = ElementTree.Element("hostdev", {"mode": "subsystem", "type": "pci", **attributes})
        ElementTree.SubElement(ElementTree.SubElement(element, "source"), "address", address)
        return element
    if "virtual_functions" in entry:
        problems.append(f"{entry['address']} is a card, and libvirt supports only virtual functions as interfaces")
    element = ElementTree.Element("interface", {"type": "hostdev", **attributes})
    if network["mac"] is not None:
        if not MAC.match(str(network["mac"]).lower()):
            problems.append(f"{network['mac']!r} is not a unicast address such as 52:54:00:6d:90:02")
        ElementTree.SubElement(element, "mac", {"address": str(network["mac"]).lower()})
    source = ElementTree.SubElement(element, "source")
    ElementTree.SubElement(source, "address", {"type": "pci", **address})
    if network["vlan"] is not None:
        vlan = grammar.collect(lambda value: numbers.count(value, "vlan", 1, MOST_VLANS), network["vlan"], problems)
        ElementTree.SubElement(ElementTree.SubElement(element, "vlan"), "tag", {"id": str(vlan)})
    return element
