# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hostdev_xml
short_description: Describe a device for a guest of libvirt
version_added: 1.0.0
description:
  - Makes the XML element with which a domain of libvirt gets a mediated device, a vGPU, a virtual function or a whole
    card.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description:
      - An entry of C(devices), C(physical_functions) or C(virtual_functions) in
        RV(vfio.devices.mdev_facts#module:ansible_facts.mdev), or a card of mode V(pf) of a plan.
      - Or the UUID of a mediated device, or the PCI address of a function.
    type: raw
    required: true
  device_api:
    description:
      - API of a mediated device. Without it, it follows from the parent, if that is known, and else is V(vfio-pci).
    type: str
    choices: [vfio-pci, vfio-ccw, vfio-ap]
  managed:
    description:
      - Whether libvirt takes the host's driver off a PCI function and gives it back afterwards.
      - Without it, it does unless the function is known to have a vGPU or a driver of VFIO already, or is a virtual
        function with the driver C(nvidia), which makes vGPUs.
    type: bool
  display:
    description: Whether the guest's console shows the display of a vGPU. Without it, libvirt decides.
    type: bool
  ramfb:
    description: Whether the console shows the guest before its driver is loaded. Needs O(display=true).
    type: bool
    default: false
  interface:
    description:
      - Whether the element is an C(interface), for virtual functions of network cards. libvirt then sets the MAC
        address and the VLAN on the card, and starts no guest while the card's own network interface is down.
    type: bool
    default: false
  mac:
    description: MAC address of the guest's network interface. Needs O(interface=true).
    type: str
  vlan:
    description: VLAN of the guest's network interface, from 1 to 4094. Needs O(interface=true).
    type: raw
seealso:
  - plugin: vfio.devices.mdev_facts
    plugin_type: module
"""

EXAMPLES = r"""
- name: Show all devices as libvirt has them
  ansible.builtin.debug:
    msg: "{{ ansible_facts.mdev.devices | map('vfio.devices.hostdev_xml') }}"

- name: Show a network interface
  ansible.builtin.debug:
    msg: "{{ '0000:86:10.0' | vfio.devices.hostdev_xml(interface=true, mac='52:54:00:6d:90:02', vlan=42) }}"
"""

RETURN = r"""
_value:
  description: The XML element.
  type: str
  sample: |
    <hostdev mode="subsystem" type="mdev" model="vfio-pci">
      <source>
        <address uuid="c2177883-f1bb-47f0-914d-32a22e3a8804" />
      </source>
    </hostdev>
"""

import re
from xml.etree import ElementTree

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core import grammar as _grammar
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import nvidia_vfio as _vendor_vfio
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import given as _given
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt as _node_devices
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plain import flag, misfit

DEVICE_APIS = ("vfio-pci", "vfio-ccw", "vfio-ap")
VGPU_DRIVER = "nvidia"
VFIO_DRIVER = re.compile(r"(.*[-_])?vfio[-_]pci\Z")
# libvirt wants the address of a single card.
MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}\Z")
MOST_VLANS = 4094


def hostdev_xml(
    device,
    device_api=None,
    managed=None,
    display=None,
    ramfb=False,
    interface=False,
    mac=None,
    vlan=None,
):
    """The element for a device, or ``AnsibleFilterError`` that says why there is none."""
    problems = []
    given = (device_api, managed, display, mac, vlan)
    device_api, managed, display, mac, vlan = map(_given.or_default, given)
    try:
        interface = flag(_given.or_default(interface, False), "interface")
        ramfb = flag(_given.or_default(ramfb, False), "ramfb")
        entry = _entry(device)
        if entry.get("uuid"):
            if managed is not None or interface or mac is not None or vlan is not None:
                problems.append("managed, interface, mac and vlan are for PCI functions, and this is a mediated device")
            element = _mdev(entry, device_api, display, ramfb, problems)
        else:
            if device_api is not None or display is not None or ramfb:
                problems.append("device_api, display and ramfb are for mediated devices, and this is a PCI function")
            managed = _is_managed(entry) if managed is None else flag(managed, "managed")
            network = {"mac": mac, "vlan": vlan} if interface else None
            if network is None and (mac is not None or vlan is not None):
                problems.append("mac and vlan need interface=true")
            element = _pci(entry, managed, network, problems)
    except ValueError as error:
        raise AnsibleFilterError(f"hostdev_xml: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"hostdev_xml needs a device of mdev_facts, or its name: {misfit(error)}") from None
    if problems:
        raise AnsibleFilterError(f"hostdev_xml: {'; '.join(problems)}")
    ElementTree.indent(element)
    return ElementTree.tostring(element, encoding="unicode") + "\n"


def _entry(device):
    """The device as facts have it, with a checked ``uuid`` or ``address``."""
    if isinstance(device, str):
        if _grammar.UUID.match(device.lower()):
            return {"uuid": device.lower()}
        return {"address": _grammar.pci_address(device)}
    if device.get("uuid"):
        return {**device, "uuid": _grammar.uuid(device["uuid"])}
    if "profile" in device and device["mode"] != "pf":
        raise ValueError(f"card {device['name']} has several devices for guests; take one of them")
    return {**device, "address": _grammar.pci_address(device["address"])}


def _mdev(entry, device_api, display, ramfb, problems):
    model = _api_of(entry.get("parent") or "") if device_api is None else device_api
    if model not in DEVICE_APIS:
        problems.append(f"libvirt knows {', '.join(DEVICE_APIS)}, and not {numbers.shown(model)}")
    attributes = {"mode": "subsystem", "type": "mdev", "model": model}
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


def _api_of(parent):
    if _node_devices.SUBCHANNEL.match(parent):
        return "vfio-ccw"
    return "vfio-ap" if parent == _node_devices.MATRIX else "vfio-pci"


def _is_managed(entry):
    """Not where the driver that a guest needs is there, and taking it off would break what it has made."""
    if entry.get("framework") == _vendor_vfio.FRAMEWORK and entry.get("type"):
        return False
    driver = entry.get("driver")
    if "profile" in entry:
        return driver is not None and not VFIO_DRIVER.match(driver)
    if driver == VGPU_DRIVER and "index" in entry:
        # On a virtual function it makes vGPUs, and is what a guest needs.
        return False
    return not VFIO_DRIVER.match(driver or "")


def _pci(entry, managed, network, problems):
    domain, bus, slot, function = re.split("[:.]", entry["address"])
    address = {"domain": f"0x{domain}", "bus": f"0x{bus}", "slot": f"0x{slot}", "function": f"0x{function}"}
    attributes = {"managed": "yes" if managed else "no"}
    if network is None:
        element = ElementTree.Element("hostdev", {"mode": "subsystem", "type": "pci", **attributes})
        ElementTree.SubElement(ElementTree.SubElement(element, "source"), "address", address)
        return element
    if "virtual_functions" in entry:
        problems.append(f"{entry['address']} is a whole card, and libvirt takes virtual functions as interfaces only")
    element = ElementTree.Element("interface", {"type": "hostdev", **attributes})
    if network["mac"] is not None:
        if not MAC.match(str(network["mac"]).lower()):
            problems.append(f"{network['mac']!r} is no unicast address such as 52:54:00:6d:90:02")
        ElementTree.SubElement(element, "mac", {"address": str(network["mac"]).lower()})
    source = ElementTree.SubElement(element, "source")
    ElementTree.SubElement(source, "address", {"type": "pci", **address})
    if network["vlan"] is not None:
        vlan = _grammar.collect(lambda value: numbers.count(value, "vlan", 1, MOST_VLANS), network["vlan"], problems)
        ElementTree.SubElement(ElementTree.SubElement(element, "vlan"), "tag", {"id": str(vlan)})
    return element


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"hostdev_xml": hostdev_xml}
