# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Define domains in libvirt's test driver, and print the devices that the engine finds for them as JSON."""

from __future__ import annotations

import json

import libvirt
from ansible_collections.vfio.devices.plugins.module_utils._guards import domain_xml
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt as guards_libvirt

DOMAIN = """
<domain type='test'>
  <name>{name}</name><memory>1024</memory><os><type>hvm</type></os>
  <devices>
    <hostdev mode='subsystem' type='mdev' model='vfio-pci'>
      <source><address uuid='{uuid}'/></source>
    </hostdev>
    <hostdev mode='subsystem' type='pci' managed='no'>
      <source><address domain='0x0000' bus='0x3b' slot='0x00' function='{function}'/></source>
    </hostdev>
    <interface type='hostdev'>
      <source><address type='pci' domain='0x0000' bus='0xaf' slot='0x10' function='{function}'/></source>
    </interface>
  </devices>
</domain>
"""

connection = libvirt.open("test:///default")
for name, uuid, function in (
    ("web1", "c2177883-f1bb-47f0-914d-32a22e3a8804", "0x4"),
    ("spare", "c2177883-f1bb-47f0-914d-32a22e3a8805", "0x5"),
):
    domain = connection.defineXML(DOMAIN.format(name=name, uuid=uuid, function=function))
    if name == "web1":
        domain.create()
found = {}
for name, active, xml in guards_libvirt.domains(connection):
    for reference in domain_xml.parse(xml).references:
        found.setdefault(reference.name, []).append({"name": name, "running": active})
print(json.dumps(found))
