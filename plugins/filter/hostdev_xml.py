# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hostdev_xml
short_description: Create the libvirt XML of a device
version_added: 1.0.0
description:
  - Creates the XML element that adds a mediated device, a vGPU, a virtual function or a card to a libvirt domain.
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
      - API of a mediated device. The default is that of the parent if it is known, otherwise V(vfio-pci).
    type: str
    choices: [vfio-pci, vfio-ccw, vfio-ap]
  managed:
    description:
      - Whether libvirt unbinds the host driver of a PCI function when the guest starts, and binds it again when the
        guest stops.
      - The default is V(false) for a function that has a vGPU or a VFIO driver already, and for a virtual function with
        the driver C(nvidia). Otherwise the default is V(true).
    type: bool
  display:
    description: Whether the guest's console shows the display of a vGPU. By default libvirt decides.
    type: bool
  ramfb:
    description: Whether the console shows the guest before its driver is loaded. Requires O(display=true).
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

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.hostdev import hostdev_xml


class FilterModule:
    """Filter plugin hostdev_xml."""

    def filters(self):
        return {"hostdev_xml": hostdev_xml}
